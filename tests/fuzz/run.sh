#!/bin/bash
# usage: tests/fuzz/run.sh SECONDS TARGET...	(from `make fuzz T=SECONDS`)
# Each target for so long; what is new in the corpus stays in $B/fuzz/corpus, what
# crashed is named and kept beside it.
set -u
seconds=$1
shift
failed=0
for target in "$@"; do
	name=${target##*/fuzz_}
	new=$B/fuzz/corpus/$name
	log=$B/fuzz/$name.log
	options=("-max_total_time=$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1)
	[ ! -e "tests/fuzz/$name.dict" ] || options+=("-dict=tests/fuzz/$name.dict")
	mkdir -p "$new"
	if "$target" "${options[@]}" -artifact_prefix="$B/fuzz/$name-" \
		"$new" "tests/fuzz/corpus/$name" >"$log" 2>&1 </dev/null; then
		echo "ok - $name $(sed -n 's/^stat::number_of_executed_units: */inputs /p' "$log")"
	else
		echo "not ok - $name ($log)"
		tail -n 40 "$log"
		failed=$((failed + 1))
	fi
done
echo "$(($# - failed)) passed, $failed failed"
[ "$failed" = 0 ] && [ $# -gt 0 ]
