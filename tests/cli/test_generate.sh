#!/bin/sh
# A trainer that writes texts: of one stream with carried states, step by step, and of lines that are texts of their own, by a network
# that looks along time; runs that carry states are put aside and go on; what is wrong.
. tests/cli/lib.sh
awk 'BEGIN { for (i = 0; i < 220; i++) printf "der sch\303\266ne Abend\n" }' >$C/continued.txt
awk 'BEGIN {
	split("a red cat sits;the old dog runs far;one bird sings;two fish swim", lines, ";")
	for (i = 0; i < 160; i++) print lines[1 + (i*7 + int(i/5)) % 4]
}' >$C/verses.txt
trainer continued
trainer verses
D=$C/continued
code 0 $NNC tests/cli/continued.yaml --summary
prints "Generates step by step, its states carried on"
code 0 $NNC tests/cli/verses.yaml --summary
prints "Generates by reading the last tokens anew for each: some layer looks along time"

code 0 $D selftest
prints "PASS"
code 0 $D train --out $T/run --threads 2
quiet
loss=$(tail -n 1 $T/run/history.csv | cut -d, -f3)
if awk "BEGIN { exit !($loss < 0.2) }"; then good; else bad "loss $loss on a text that repeats itself"; fi
W=$T/run/best.safetensors

# what it carried is of its own batch size, and no other trainer's of the same network needs it
code 0 $NNC tests/cli/continued.yaml -o $C/single.c -D train.batch_size=1 -D name=single
$CC -std=c11 -D_GNU_SOURCE -march=native -fopenmp -O1 -Iruntime -DNN_MODEL=single_model -o $C/single runtime/main.c $C/single.c build/libnn.a -lpng -ljpeg -lz -lcsv -lcjson -lm -lpthread || bad "single.c does not compile"
code 0 $C/single evaluate --weights $W --test $C/continued.txt
prints "accuracy"
code 0 $C/single generate --weights $W --prompt "der sch" --length 9 --temperature 0
holds $T/out "der schöne Abend"
code 0 $C/single train --init $W --epochs 1 --out $T/single --quiet

# what follows is known for certain, however far it is from the prompt
code 0 $D generate --weights $W --prompt "der sch" --length 150 --temperature 0
awk 'BEGIN { for (i = 0; i < 9; i++) printf "der sch\303\266ne Abend\n" }' | awk '{ text = text $0 "\n" } END { print substr(text, 1) }' >$T/known
if [ "$(head -n 8 $T/out)" = "$(head -n 8 $T/known)" ] && [ "$(wc -m <$T/out)" -eq 158 ]; then good; else bad "the text does not go on as it was learned"; fi
cp $T/out $T/greedy
code 0 $D generate --weights $W --prompt "der sch" --length 150 --top-k 1
same $T/out $T/greedy
code 0 $D generate --weights $W --prompt "der sch" --length 150 --top-p 1e-6 --temperature 3
same $T/out $T/greedy
code 0 $D generate --weights $W --prompt "der sch" --stop Abe --temperature 0
holds $T/out "der schöne "
code 0 $D generate --weights $W --prompt "der" --stop '\n' --temperature 0 --count 2
if [ "$(cat $T/out)" = "$(printf 'der schöne Abend\nder schöne Abend')" ]; then good; else bad "two lines"; fi
code 0 $D generate --weights $W --length 5 --temperature 0
holds $T/out "der s"

# a prompt stands behind an end of line, whether it says so or not
code 0 $D generate --weights $W --prompt e --temperature 2 --length 60 --seed 3
cp $T/out $T/behind
code 0 $D generate --weights $W --prompt '\ne' --temperature 2 --length 60 --seed 3
tail -n +2 $T/out >$T/given
same $T/given $T/behind
code 0 $D generate --weights $W --prompt '\n\ne' --temperature 2 --length 60 --seed 3
tail -n +3 $T/out >$T/given
differ $T/given $T/behind
code 1 $D generate --weights $W --prompt '\te'
says 'error: --prompt: character 1, "'

# the same seed, the same text: at any number of threads, into a file, and each text for itself
code 0 $D generate --weights $W --temperature 5 --length 60 --seed 3 --count 3 --threads 1
cp $T/out $T/three
code 0 $D generate --weights $W --temperature 5 --length 60 --seed 3 --count 3 --threads 2 --output $T/file
same $T/file $T/three
code 0 $D generate --weights $W --temperature 5 --length 60 --seed 4 --count 3
differ $T/out $T/three
code 0 $D generate --weights $W --temperature 5 --length 60 --seed 3
if [ "$(head -c 60 $T/out)" = "$(head -c 60 $T/three)" ]; then good; else bad "the first of three is another text than one alone"; fi
code 0 grep -c -e ---------------- $T/three
holds $T/out 2

# an epoch that was put aside in its middle ends with the same bits: the states that were carried are kept
code 0 $D train --out $T/whole --quiet --epochs 400 --steps-per-epoch 25
resume=
for pause in 0.2 0.3 0.5; do
	timeout -s INT $pause $D train --out $T/part --quiet --epochs 400 --steps-per-epoch 25 $resume >/dev/null 2>&1
	resume=--resume
done
code 0 $D train --out $T/part --quiet --epochs 400 --resume
same $T/part/last.safetensors $T/whole/last.safetensors

# lines: each ends by itself
V=$C/verses
code 0 $V selftest
prints "PASS"
code 0 $V train --out $T/verses
quiet
code 0 $V generate --weights $T/verses/best.safetensors --count 40 --seed 2
known=$(sort -u $C/verses.txt)
lines=$(sort $T/out | uniq -c | awk '{ print $1 }' | paste -sd+)
if [ "$(wc -l <$T/out)" -eq 40 ] && [ "$(grep -cxF "$known" $T/out)" -ge 36 ] && [ "$(sort -u $T/out | wc -l)" -ge 4 ]; then good; else bad "not the lines that were learned"; fi
code 0 $V generate --weights $T/verses/best.safetensors --prompt "the old" --temperature 0
holds $T/out "the old dog runs far"
code 0 $V generate --weights $T/verses/best.safetensors --prompt "two fish" --temperature 0 --stop "swim"
holds $T/out "two fish "
# a prediction for each token that is there, none for the padding
printf 'one bird sings\n' >$T/line
code 0 $V predict --weights $T/verses/best.safetensors --format jsonl $T/line
prints ' bird sings \n"}'
code 0 $V generate --weights $T/verses/best.safetensors --prompt "one zebra" --temperature 0
says 'note: --prompt: word 2, "zebra", is not in the vocabulary and is read as unknown'
one_line

# mistakes
code 1 $D generate --weights $W --prompt "der süße"
says 'error: --prompt: character 6, "ü", is not in the vocabulary: training has never seen it'
one_line
code 1 $D generate --weights $W --prompt "$(printf 'der sch\366n')"
says '--prompt:1: byte 0xf6 at offset 7 is not utf-8'
one_line
if grep -q encoding: $T/err; then bad "the encoding of a file, but there is none"; else good; fi
for wrong in "--top-p 0" "--top-p 1.5" "--top-p x" "--temperature -1" "--temperature nan" "--temperature 1x" "--top-k 0" "--length 0" "--count 0" \
	"--seed x" "--stop=" "more"; do
	code 2 $D generate --weights $W $wrong
	one_line
done
code 2 $D generate --weights $W --length 99999999999
says "--length must be a whole number from 1 to 1000000000, not '99999999999'"
code 2 $D generate --weights $W --temperature 1e10
says "--temperature must be a number from 0, up to 1000000000, not '1e10'"
code 2 $D generate
says "--weights FILE is missing"
code 1 $D generate --weights $T/none
one_line
printf 'der schöne Abend\nder schäne Abend und noch mehr\n' >$T/other.txt
code 0 $D evaluate --weights $W --test $T/other.txt
says '/other.txt:2: the character "ä" is not in the vocabulary and is read as unknown'
sed 's/vocabulary: 20/vocabulary: 9/; s/(20, 8)/(9, 8)/; s/Dense(20/Dense(9/; s/name: continued/name: few/' tests/cli/continued.yaml >$T/few.yaml
code 0 $NNC $T/few.yaml -o $C/few.c
$CC -std=c11 -D_GNU_SOURCE -march=native -fopenmp -O1 -Iruntime -DNN_MODEL=few_model -o $C/few runtime/main.c $C/few.c build/libnn.a -lpng -ljpeg -lz -lcsv -lcjson -lm -lpthread || bad "few.c does not compile"
code 1 $C/few train --out $T/few
says "$C/continued.txt: 12 different characters in the training data, but the spec's vocabulary: 9 has room for 7"
one_line

# a prompt of which no token is left begins as none does
sed 's/tokens: characters/tokens: words/; s/vocabulary: 20/vocabulary: 5/; s/(20, 8)/(5, 8)/; s/Dense(20/Dense(5/; s/name: continued/name: words/' tests/cli/continued.yaml >$T/words.yaml
code 0 $NNC $T/words.yaml -o $C/words.c
$CC -std=c11 -D_GNU_SOURCE -march=native -fopenmp -O1 -Iruntime -DNN_MODEL=words_model -o $C/words runtime/main.c $C/words.c build/libnn.a -lpng -ljpeg -lz -lcsv -lcjson -lm -lpthread || bad "words.c does not compile"
code 0 $C/words train --out $T/words --quiet --epochs 1
code 1 $C/words generate --weights $T/words/best.safetensors --prompt " ... "
says "error: --prompt holds no token: the vocabulary has no end of line, which a text could begin behind"
one_line
code 0 $C/words generate --weights $T/words/best.safetensors --prompt "der" --length 3
finish
