#!/bin/sh
# An encoder and a decoder of words: two columns of one table with a vocabulary each; the decoder's words are written as text.
. tests/cli/lib.sh
awk 'BEGIN { split("eins zwei drei vier fuenf", de, " "); split("one two three four five", en, " "); print "id,from,to"
	for (i = 0; i < 780; i++) { n = i < 155 ? (i < 5 ? 1 : i < 30 ? 2 : 3) : 4; k = i < 5 ? i : i < 30 ? i - 5 : i < 155 ? i - 30 : i - 155
		from = to = ""
		for (j = 0; j < n; j++) { d = k % 5 + 1; k = int(k/5); from = from (j ? " " : "") de[d]; to = en[d] (j ? " " : "") to }
		print i "," from "," to } }' >$C/pairs.csv
trainer pairs
D=$C/pairs
code 0 $D selftest
prints "PASS"
code 0 $D train --out $T/run --threads 2
quiet
W=$T/run/best.safetensors
value=$(sed -n 's/^"accuracy": \([0-9.]*\),*$/\1/p' $T/run/metrics.json)
if awk "BEGIN { exit !(${value:-0} > 0.9) }"; then good; else bad "accuracy $value of the words of sentences that it has not seen"; fi
cut -d, -f1-2 $C/pairs.csv | sed -n '1p; 40,42p; 400,430p' >$T/new.csv
code 0 $D predict --weights $W $T/new.csv
quiet
holds $T/out "input,prediction"
cut -d, -f2 $T/out | sed 1d >$T/words
sed -n '40,42p; 400,430p' $C/pairs.csv | cut -d, -f3 >$T/truth
right=$(paste -d, $T/truth $T/words | awk -F, '$1 == $2' | wc -l)
if [ "$right" -gt 28 ]; then good; else bad "$right of 34 sentences are right: $(head -n 2 $T/words | tr '\n' ';')"; fi
# a run that goes on knows both vocabularies
code 0 $D train --out $T/part --epochs 1 --quiet
code 0 $D train --out $T/part --epochs 2 --resume --quiet
code 0 $D predict --weights $T/part/last.safetensors $T/new.csv
if sed 1d $T/out | cut -d, -f2 | grep -qE '^(one|two|three|four|five)'; then good; else bad "no words after --resume"; fi
finish
