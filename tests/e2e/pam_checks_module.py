"""What the module itself looks at, taken out of the code one check at a time: a unit test has to
fail (pam_checks.py does the same to the judge of signatures).  What another check would find, too,
is not here: the size of the map's file (its text has a limit),
         "*" of pam_u2f (no base64), a time that is over (the helper is not waited for)."""

import os
import random
import sys

from job import run
from pam_checks import TOP, compile_with, fails, removal

ASK, PIN, FIND, LOGIN = "pam/login_ask.c", "pam/login_pin.c", "pam/login_find.c", "pam/login.c"
MAP, LINE, FILE = "pam/map.c", "pam/map_line.c", "pam/map_file.c"
OPTIONS, HANDOFF, HEADER = "pam/options.c", "pam/handoff.c", "pam/header.c"
NOTHING = ""
SAMPLE = 15

# name, file, what stands there, what stands there instead
ROWS = {
    "test_pam_login": [
        ("the answer is verified", ASK, "e = check(f, &v, &f->answer, row);", "*row = 0;"),
        ("what the verifier said", ASK, "if (e != ERR_OK)\n\t\treturn e;\n\tif (verdict.index",
         "if (verdict.index"),
        ("the verdict in a race", ASK, "return e == ERR_OK ? f->judged : e;", "return e;"),
        ("a touch is wanted of a row", ASK, "\t\t\t.up = !ask->probe,", "\t\t\t.up = false,"),
        ("a PIN is wanted of a row", ASK, ".uv = !ask->probe && flow_wants_uv(f, i),",
         ".uv = false,"),
        ("uv=always", ASK, "if (f->l->options->uv == OPTION_UV_ALWAYS)", "if (0)"),
        ("rows of one rp id", ASK, "if (!span_eq(r->rp_id, m->row[first].rp_id))", "if (0)"),
        ("a secret only for a session", ASK, "!f->l->unlock || ask->probe || f->n == 0",
         "f->n == 0"),
        ("no secret by lines of pam_u2f", ASK, "if (r->foreign || !r->salt.p)", "if (!r->salt.p)"),
        ("no secret of a renewed slot", ASK,
         "if (!span_is(r->rp_id, h->rp_id) || !handoff_header_has(h, r->cred_id))", "if (0)"),
        ("that it asked for the secret", ASK,
         "k->there = asked && f->answer.cred_len", "k->there = f->answer.cred_len"),
        ("a wrong PIN once", PIN, "return strcmp(k->pin, k->wrong[0]) == 0 || "
         "strcmp(k->pin, k->wrong[1]) == 0;", "return k->wrong[0][0] == 1;"),
        ("the new PIN typed twice", PIN,
         "if (e == ERR_OK && strcmp(k->newpin, k->again) != 0)", "if (0)"),
        ("a PIN, no finger", PIN, "return !(m->row[h->row].flags & MAP_PIN);", "return true;"),
        ("a PIN is set", PIN, "if (!(info.options & TOKEN_OPT_PIN_SET))\n\t\treturn ERR_PIN_UNSET;",
         NOTHING),
        ("a forced change", PIN, "if (!(info.options & TOKEN_OPT_PIN_CHANGE))", "if (1)"),
        ("the holder gets the PIN", FIND, "if (found.nyes > 0)", "if (0)"),
        ("touch alone where no PIN is wanted", LOGIN, " && !flow_wants_uv(f, FLOW_ANY))", ")"),
        ("PINs are wiped", LOGIN, "sec_zero(k->wrong, sizeof(k->wrong));", NOTHING),
    ],
    "test_pam_map": [
        ("whose line", MAP, "return span_is(name, user);", "return name.len > 0 || !user;"),
        ("the length of a line", MAP, "if (line.len <= MAP_LINE_MAX)", "if (1)"),
        ("somebody has a line", MAP, "return m->n > 0 ? ERR_OK : ",
         "if (1) return ERR_OK; return "),
        ("a bad line refuses all", MAP, "if (e != ERR_OK) {\n\t\t\tsize_t n",
         "if (0) {\n\t\t\tsize_t n"),
        ("the size of the text", MAP, "if (text.len > MAP_FILE_MAX)", "if (0)"),
        ("so many tokens", LINE, " || m->n == who->most)", ")"),
        ("keys of an agent apart", LINE, "if (row->ssh != who->ssh)", "if (0)"),
        ("which algorithm", LINE, "return row->alg != 0;", "return true;"),
        ("the length of the key", LINE,
         "return row->pubkey.len == (row->alg == -7 ? 64 : 32);", "return true;"),
        ("the length of the credential", LINE,
         "return row->cred_id.len >= 1 && row->cred_id.len <= MAP_CRED_MAX;", "return true;"),
        ("flags have up", LINE,
         "return false;\n\t}\n\treturn row->flags & MAP_UP;\n}\n\nstatic bool\n"
         "take_rpid", "return false;\n\t}\n\treturn true;\n}\n\nstatic bool\ntake_rpid"),
        ("a touch in pam_u2f's", LINE, "} while (words.p);\n\treturn row->flags & MAP_UP;",
         "} while (words.p);\n\treturn true;"),
        ("the rp id is text", LINE, " || !is_printable(word))", ")"),
        ("the length of the salt", LINE, " && row->salt.len == 32;", ";"),
        ("the label is text", LINE, " || !is_text(label))", ")"),
        ("the length of the label", LINE, "label.len > MAP_LABEL_MAX || ", NOTHING),
        ("an old key is a point", LINE, "|| row->pubkey.len != 65 ||\n\t    row->pubkey.p[0] != 4)",
         "|| row->pubkey.len != 65)"),
        ("a plain file", FILE, "if (!S_ISREG(st.st_mode))", "if (0)"),
        ("nobody else may write it", FILE,
         "if (st.st_mode & (S_IWGRP | S_IWOTH))", "if (0)"),
        ("nobody else may write its folder", FILE,
         "if ((st.st_mode & (S_IWGRP | S_IWOTH)) && !(st.st_mode & S_ISVTX))", "if (0)"),
        ("no link", FILE, "O_RDONLY | O_CLOEXEC | O_NOFOLLOW", "O_RDONLY | O_CLOEXEC"),
        ("what root may read is not asked", FILE, "if (file[0] != '~')", "if (1)"),
        ("a person's file that is no proof", FILE,
         "case ERR_PERMISSION:\n\t\treturn map_refuse(m, ERR_PAM_MAP_OWNER",
         "case ERR_PERMISSION:\n\t\treturn map_refuse(m, ERR_PAM_NOT_ENROLLED"),
    ],
    "test_pam_options": [
        ("it is known", OPTIONS, 'return refuse(o, arg, "is not known");', "return ERR_OK;"),
        ("it stands there once", OPTIONS, "if (t->kind != SOURCE && (*seen", "if (0 && (*seen"),
        ("with or without a value", OPTIONS, "if ((t->kind == FLAG) == (arg[len] == '='))",
         "if (0)"),
        ("its value", OPTIONS, 'return refuse(o, arg, "has a value that is not allowed");', ";"),
        ("the range of a number", OPTIONS, "return i > 0 && n >= min && n <= max;",
         "return i > 0;"),
        ("a number is digits", OPTIONS, "if (s[i] < '0' || s[i] > '9' || i == 6)", "if (i == 6)"),
        ("no path leads up", OPTIONS, ' || strstr(s, "/../"))', ")"),
        ("a path is whole", OPTIONS, "if ((s[0] != '/' && strncmp(s, \"~/\", 2) != 0) || ", "if ("),
        ("what follows a %", OPTIONS, "if (p[1] != 'u')", "if (p[1] == '\\0')"),
        ("the length of a text", OPTIONS, "if (n < min || n >= cap)", "if (n < min)"),
        ("control characters", OPTIONS, "if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)", "if (0)"),
        ("wait within timeout", OPTIONS, "if (e == ERR_OK && out->wait > out->timeout)", "if (0)"),
        ("where tokens are", OPTIONS, 'if (strcmp(s, "hid") != 0 && strncmp(s, "unix:/", 6) != 0)',
         "if (0)"),
        ("so many sources", OPTIONS, "if (o->sources == OPTIONS_SOURCES)",
         "if (o->sources == OPTIONS_SOURCES && o->sources-- == 0)"),
    ],
    "test_pam_handoff": [
        ("the magic of an answer", HANDOFF, "r.magic != HANDOFF_MAGIC || ", NOTHING),
        ("an error that there is", HANDOFF, " || !err_is_known(r.err))", ")"),
        ("the length of an answer", HANDOFF, "if (frame.len < sizeof r)", "if (0)"),
        ("paths and sizes", HANDOFF, "if (most > HANDOFF_READ_MAX || path[0] != '/' || "
         "strlen(path) > HANDOFF_PATH_MAX)", "if (0)"),
        ("a name was given", HANDOFF, "(!b.len || b.len >= HANDOFF_NAME_MAX)", "0"),
        ("a name of ours", HANDOFF, "if (!is_held_name(name))", "if (!*name)"),
        ("a factor to unlock with", HANDOFF,
         "if (!f->there || !f->cred_len || f->cred_len > sizeof f->cred_id)\n\t\treturn "
         "ERR_INTERNAL;\n\tc.part[0] = SPAN(f->cred_id, f->cred_len);\n\tc.part[1] = SPAN(f->f1, "
         "sizeof f->f1);\n\treturn ask(p",
         "c.part[0] = SPAN(f->cred_id, f->cred_len);\n\tc.part[1] = SPAN(f->f1, sizeof f->f1);\n"
         "\treturn ask(p"),
        ("the magic of a vault", HEADER, " || memcmp(file.p, magic, sizeof magic) != 0)", ")"),
        ("the length of its head", HEADER, "if (file.len < HANDOFF_HEADER || ", "if ("),
        ("its version", HEADER, "be16(file.p + VERSION) != 1 || ", NOTHING),
        ("so many slots", HEADER, "be16(file.p + NSLOTS) != HANDOFF_SLOTS ||", NOTHING),
        ("slots of tokens alone", HEADER, " || (s[FACTORS] & TOKEN) == 0", NOTHING),
        ("slots that unlock", HEADER, "s[0] != UNLOCK || ", NOTHING),
        ("the length of a slot's credential", HEADER, " || !len || len > HANDOFF_CRED_MAX)", ")"),
    ],
}


def test_unchanged(directory):
    """with all of its checks, each test passes"""
    for test, rows in ROWS.items():
        for path in sorted({row[1] for row in rows}):
            with open(os.path.join(TOP, path), encoding="utf-8") as f:
                assert not fails(compile_with(directory, f.read(), test)), (path, test)


TESTS = [test_unchanged] + [removal(*row, test) for test, rows in ROWS.items() for row in rows]

if __name__ == "__main__":
    # each is a program to build: some at random in `make check`, all in `make fault`
    if sys.argv[1:] == ["all"]:
        del sys.argv[1:]
    elif not sys.argv[1:]:
        TESTS = random.sample(TESTS[1:], SAMPLE)
    sys.exit(run(TESTS))
