#!/bin/sh
# The compiler's stages build on earlier ones only: a file includes headers of its own stage and of stages before it.
set -u
order='util diag foreign doc expr format spec graph cwriter ops grad build pass kernels plan emit output reference scan main'
stage() { # the stage of a file, by its name
	case $1 in
	kernels/*) echo kernels ;;
	ops/* | ops.* | eval.* | stepwise.*) echo ops ;;
	expr*) echo expr ;;
	spec*) echo spec ;;
	grad*) echo grad ;;
	build* | value.*) echo build ;;
	pass*) echo pass ;;
	plan*) echo plan ;;
	output*) echo output ;;
	reference.* | schema.c) echo reference ;;
	emit* | model.c | target.c | summary.c | dump.c | unroll.*) echo emit ;;
	*) basename "$1" | sed 's/\..*//' ;;
	esac
}
rank() {
	n=0
	for s in $order; do
		[ "$s" = "$1" ] && { echo $n; return; }
		n=$((n + 1))
	done
	echo "no stage is called '$1'" >&2
	echo 99
}
passed=0 failed=0
for file in compiler/*.[chly] compiler/ops/*.[ch] compiler/kernels/*.[ch]; do
	own=$(rank "$(stage "${file#compiler/}")")
	for header in $(sed -n 's/^#include "\([^"]*\)".*/\1/p' "$file"); do
		case $header in
		*nn.h | *nn_random.h | *metric_list.h | expr.tab.h | expr.lex.h) continue ;; # the runtime's, and flex's and bison's own
		esac
		name=${header##*../}
		case $file:$name in
		compiler/kernels/*:*.h) [ -e "compiler/kernels/$name" ] && name=kernels/$name ;;
		compiler/ops/*:*.h) [ -e "compiler/ops/$name" ] && name=ops/$name ;;
		esac
		if [ "$(rank "$(stage "$name")")" -gt "$own" ]; then
			echo "FAIL $file includes $header, a later stage"
			failed=$((failed + 1))
		else passed=$((passed + 1)); fi
	done
done
echo "structure: $passed passed, $failed failed"
[ $failed -eq 0 ]
