#!/bin/sh
# The plan Form Post of the OpenID conformance suite: the modules of Basic, answered by a form.
# limit: 240
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/oidc_flow.py" --form-post "$@"
