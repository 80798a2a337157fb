// Sends the answer on at once (OAuth 2.0 Form Post Response Mode); without scripts, a button does.
'use strict';
document.getElementById('answer').submit();
