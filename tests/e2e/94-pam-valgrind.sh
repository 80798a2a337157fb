#!/bin/sh
# limit: 240
# 25 logins through libpam under valgrind: no error, no leak, no descriptor, no child.
# It knows no pidfd_send_signal(2): the module kills by pid then.
set -u
log=$(mktemp) || exit 1
valgrind --error-exitcode=99 --leak-check=full --track-fds=yes --trace-children=no \
	--errors-for-leak-kinds=definite,indirect,possible \
	"${B:-build}/tests/unit/test_pam_module" test_hundred >"$log" 2>&1
status=$?
echo 1..1
name='25 logins under valgrind: no error, no leak'
if [ $status = 0 ] && [ "$(grep -c 'ERROR SUMMARY: 0 errors' "$log")" -ge 2 ]; then
	echo "ok 1 - $name"
else
	echo "not ok 1 - $name"
	grep -vE '^--[0-9]+--' "$log" | tail -n 60 | sed 's/^/# /'
fi
rm -f "$log"
