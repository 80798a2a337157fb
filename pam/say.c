#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sec.h"
#include "pam/say.h"

/* In the words of a login; what is not here is said as the error table has it. */
static const struct {
	enum err e;
	const char *text;
} texts[] = {
	{ ERR_TOKEN_ABSENT, "No token is plugged in: plug it in and log in again." },
	{ ERR_TOKEN_WRONG, "This token is not enrolled for this account: take the right one." },
	{ ERR_TOKEN_GONE, "The token was pulled out: plug it in and log in again." },
	{ ERR_TOKEN_IO, "Talking to the token failed: plug it in again." },
	{ ERR_TOUCH_TIMEOUT, "The token was not touched in time: log in again and touch it." },
	{ ERR_TOUCH_DENIED, "The token refused: log in again and touch it when it blinks." },
	{ ERR_TIMEOUT, "It took too long: log in again." },
	{ ERR_PIN_WRONG, "Wrong PIN" },
	{ ERR_PIN_REPLUG, "The token takes no more PINs until it was unplugged and plugged in." },
	{ ERR_PIN_BLOCKED,
	    "The token's PIN is blocked for good: use another token or another way in." },
	{ ERR_PIN_UNSET, "The token has no PIN, and this login wants one: ownkey token pin." },
	{ ERR_PIN_CHANGE, "The token wants a new PIN first." },
	{ ERR_PIN_POLICY, "The token does not take that as a PIN: 4 to 63 characters." },
	{ ERR_PIN_LOW, "Fewer than three PIN tries are left: ownkey unlock --force tells more." },
	{ ERR_UV_BLOCKED, "The fingerprint is blocked: type the PIN." },
	{ ERR_PAM_PIN_EMPTY, "No PIN was typed: log in again and type it. No try was used up." },
};

/* One message, maybe answered.  *answer: malloced by the host; wiped and freed by drop. */
static enum err
converse(const struct say *s, int style, const char *text, char **answer)
{
	struct pam_message message = { .msg_style = style, .msg = text };
	const struct pam_message *messages = &message;
	struct pam_response *response = NULL;
	int r;

	*answer = NULL;
	if (!s->conv || !s->conv->conv)
		return ERR_PAM_CONV;
	r = s->conv->conv(1, &messages, &response, s->conv->appdata_ptr);
	if (response && r == PAM_SUCCESS)
		*answer = response->resp;
	free(response);
	return r == PAM_SUCCESS ? ERR_OK : r == PAM_BUF_ERR ? ERR_NOMEM : ERR_PAM_CONV;
}

static void
drop(char *answer)
{
	if (answer)
		sec_zero(answer, strlen(answer));
	free(answer);
}

static enum err
tell(const struct say *s, int style, const char *text)
{
	char *answer;
	enum err e;

	if (s->silent)
		return ERR_OK;
	e = converse(s, style, text, &answer);
	drop(answer);
	return e;
}

enum err
say_info(const struct say *s, const char *fmt, ...)
{
	char line[SAY_LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	return tell(s, PAM_TEXT_INFO, line);
}

enum err
say_error(const struct say *s, const char *fmt, ...)
{
	char line[SAY_LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	return tell(s, PAM_ERROR_MSG, line);
}

enum err
say_err(const struct say *s, enum err why, uint64_t retries)
{
	const char *text = NULL;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].e == why)
			text = texts[i].text;
	if (!text)
		return say_error(s, "%s: %s.", err_text(why), err_hint(why));
	if (why != ERR_PIN_WRONG)
		return say_error(s, "%s", text);
	if (retries == SAY_NO_RETRIES)
		return say_error(s, "%s.", text);
	return say_error(
	    s, "%s, %u %s left.", text, (unsigned)retries, retries == 1 ? "try" : "tries");
}

enum err
say_enter(const struct say *s, const char *text)
{
	char *answer;
	enum err e = converse(s, PAM_PROMPT_ECHO_ON, text, &answer);

	drop(answer);
	return e;
}

enum err
say_ask(const struct say *s, const char *text, char *pin, size_t cap)
{
	char *answer;
	enum err e = converse(s, PAM_PROMPT_ECHO_OFF, text, &answer);
	size_t n = answer ? strlen(answer) : 0;

	sec_zero(pin, cap);
	if (e == ERR_OK && !answer)
		e = ERR_PAM_CONV;
	else if (e == ERR_OK && n == 0)
		e = ERR_PAM_PIN_EMPTY;
	else if (e == ERR_OK && (n < 4 || n >= cap))
		e = ERR_PIN_POLICY;
	if (e == ERR_OK)
		memcpy(pin, answer, n);
	drop(answer);
	return e;
}
