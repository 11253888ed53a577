#!/bin/sh
# selftest of networks that are right, but hard to check by differences.
. tests/cli/lib.sh

# what no input reaches is 0, the bias that it begins with: the kink of the relu behind it
trainer kinks
code 0 $C/kinks selftest
prints "PASS"

# cells of one's own, dropout that is the same at all steps, ctc
trainer cells
code 0 $C/cells selftest
prints "PASS"

# the optimizer's memory of a weight whose gradient is rounding noise
trainer zeros
code 0 $C/zeros selftest
prints "PASS"

finish
