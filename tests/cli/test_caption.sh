#!/bin/sh
# A trainer that writes sentences about images: told the words in training, by itself when asked, from images alone; its maps as sheets.
. tests/cli/lib.sh
R=$C/reports
made reports
rm -rf $R
$C/made_reports $R --count 96 --size 16 --seed 2 || exit 1
trainer caption
D=$C/caption

code 0 $D selftest
prints "PASS"
code 0 $D train --out $T/run --threads 2
quiet
prints "val_report_perplexity: "
code 0 $D train --out $T/one --threads 1 --quiet
same $T/run/last.safetensors $T/one/last.safetensors
W=$T/run/last.safetensors
code 0 $D evaluate --weights $W --json $T/json
if grep -q '^attention' $T/out || grep -q '"attention"' $T/json; then bad "an output without a loss and a label is measured"; else good; fi
value=$(sed -n 's/^"accuracy": \([0-9.]*\),*$/\1/p' $T/json)
if awk "BEGIN { exit !(${value:-0} > 0.5 && ${value:-0} < 1) }"; then good; else bad "accuracy of the words that count is $value"; fi

# the truth is not asked for
code 0 $D predict --weights $W $R/test
quiet
if head -n 1 $T/out | grep -q '^input,report,attention_y_0,.*,attention_y_127$'; then good; else bad "columns $(head -n 1 $T/out | cut -c1-80)"; fi
if [ "$(grep -cE '^[^,]*,(no opacity|(small|large) opacity in the (left|right) (lower|upper) lung),' $T/out)" -gt 16 ]; then good; else bad "no sentences: $(cut -d, -f2 $T/out | sort | uniq -c | head -n 3)"; fi
cp $T/out $T/all
code 0 $D predict --weights $W $R/test/0003.png $R/test/0001.png
quiet
for i in 1 3; do
	if [ "$(grep "test/000$i.png" $T/out)" = "$(grep "test/000$i.png" $T/all)" ]; then good; else bad "0001.png is another sentence by itself"; fi
done
code 0 $D predict --weights $W --format jsonl $R/test/0001.png
prints "\"report\": \"$(grep test/0001.png $T/all | cut -d, -f2)\", \"attention_y_0\": "
code 1 $D predict --weights $W $R/test,$R/test.csv
one_line
says "$R/test,$R/test.csv: predictions read the source xray alone: give one path"

# a sheet for each image: the image and a panel for each word, of 256 pixels and 8 between them
code 0 $D predict --weights $W --format png --output $T/sheets $R/test
quiet
if [ "$(ls $T/sheets | wc -l)" -eq 32 ]; then good; else bad "not 32 sheets"; fi
words=$(grep test/0001.png $T/all | cut -d, -f2 | wc -w)
columns=$(awk "BEGIN { c = 0; while (c*c < 1 + $words) c++; print c }")
width=$(od -An -tu1 -j16 -N4 $T/sheets/0001.png | awk '{ print (($1*256 + $2)*256 + $3)*256 + $4 }')
if [ "$width" -eq $((8 + columns*264)) ]; then good; else bad "a sheet of $words words is $width pixels wide"; fi
mkdir $T/twice && cp $R/test/0001.png $T/twice
code 1 $D predict --weights $W --format png --output $T/mixed $R/test $T/twice
says "0001.png: two of the inputs would be written to it"

# words that training has not seen are unknown; a picture without a sentence is left out
sed '3s/opacity/shadow/; 5d' $R/test.csv >$T/other.csv
code 0 $D evaluate --weights $W --test $R/test,$T/other.csv
says "1 of 32 samples have no partner and are left out"
prints "test: 31 samples"

finish
