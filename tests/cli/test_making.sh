#!/bin/sh
# A network that makes pictures of noise: sheets and files, classes, ways between noises, the same bytes for the same seed; what the
# pictures show, as another network sees it; what is wrong.
. tests/cli/lib.sh
awk 'BEGIN {
	printf "\\000\\000\\010\\003\\000\\000\\000\\100\\000\\000\\000\\006\\000\\000\\000\\010"
	for (i = 0; i < 64; i++) for (p = 0; p < 48; p++) printf "\\%03o", (p % 8 < 4) == (i % 2 == 0) ? 200 + (i*7 + p) % 56 : (i*3 + p) % 40
}' | { read -r bytes; printf "$bytes"; } >$C/making_images
awk 'BEGIN { printf "\\000\\000\\010\\001\\000\\000\\000\\100"; for (i = 0; i < 64; i++) printf "\\%03o", i % 2 }' | { read -r bytes; printf "$bytes"; } >$C/making_labels
trainer making
M=$C/making
code 0 $NNC tests/cli/making.yaml --summary
prints "Makes pictures of noise, 3 numbers each, and a class"
without() { # TEXT: the same with G(TEXT) makes no pictures of noise
	sed "s/fake: G(z, side)/fake: G($1)/" tests/cli/making.yaml >$T/without.yaml
	code 0 $NNC $T/without.yaml --summary
	if grep -q "pictures of noise" $T/out; then bad "G($1) is taken for pictures of noise"; else good; fi
}
without "z + mean(data.image), side"
without "full([batch, 3], 0.5), side"
code 0 $NNC specs/gan.yaml --summary
prints "Makes pictures of noise, 64 numbers each"
code 0 $NNC specs/vae.yaml --summary
prints "Makes pictures of noise, 20 numbers each"
code 0 $M selftest
prints "PASS"
code 0 $M train --out $T/run --threads 2
quiet
W=$T/run/last.safetensors

code 0 $M generate --weights $W --output $T/made --count 20
quiet
same_files $T/made "$(printf '0\n1')"
same_files $T/made/1 "$(seq -f %02g.png 1 2 19)"
$NNC tests/cli/making.yaml -o $C/seer.c -D name=seer -D "data.source={type: image_folder, color_mode: grayscale, rescale: 1/255}" -D "data.train={directory: x}" &&
	$CC -std=c11 -D_GNU_SOURCE -march=native -fopenmp -O1 -Iruntime -DNN_MODEL=seer_model -o $C/seer runtime/main.c $C/seer.c build/libnn.a -lpng -ljpeg -lz -lcsv -lcjson -lm -lpthread ||
	bad "the network that sees what was made does not compile"
for class in 0 1; do
	code 0 $C/seer predict --weights $W $T/made/$class
	if [ "$(awk -F, -v class=$class 'NR > 1 && $2 == class && $(3 + class) > 0.9' $T/out | wc -l)" -eq 10 ]; then good; else bad "not class $class"; fi
done

# a picture depends on its number, class and the seed only
code 0 $M generate --weights $W --output $T/again --count 20 --threads 1
code 0 diff -r $T/made $T/again
code 0 $M generate --weights $W --output $T/other --count 20 --seed 4
differ $T/made/0/00.png $T/other/0/00.png
differ $T/made/0/00.png $T/made/0/02.png
code 0 $M generate --weights $W --output $T/ones --class 1 --count 50
same_files $T/ones 1
same $T/ones/1/00.png $T/made/1/01.png
same $T/ones/1/04.png $T/made/1/09.png
differ $T/ones/1/16.png $T/ones/1/00.png

# training draws the same noises after every epoch; the last sheet is what its weights give, with classes in turn
same_files $T/run/sheets "$(seq -f %04g.png 1 30)"
code 0 $M generate --weights $W --output $T/last.png --grid 8x2
same $T/last.png $T/run/sheets/0030.png
differ $T/run/sheets/0029.png $T/run/sheets/0030.png
code 0 $M train --out $T/short --quiet --epochs 2
code 0 $M train --out $T/short --quiet --epochs 4 --resume
for epoch in 1 2 3 4; do same $T/short/sheets/000$epoch.png $T/run/sheets/000$epoch.png; done
if [ "$(grep -c '<h3>Epoch [0-9]*</h3>' $T/run/report.html)" -eq 6 ] && grep -q '<h3>Epoch 30</h3>' $T/run/report.html; then good; else bad "no sheets in the report"; fi

# a sheet: 2 rows of 3 pictures of 6 x 8, with two points between them
size() { od -An -tu1 -j16 -N8 "$1" | awk '{ print $4 + 256*$3, $8 + 256*$7 }'; }
code 0 $M generate --weights $W --output $T/sheet.png --grid 2x3
quiet
if [ "$(size $T/sheet.png)" = "28 14" ]; then good; else bad "a sheet of $(size $T/sheet.png) points"; fi
code 0 $M generate --weights $W --output $T/again.png --grid 2x3 --count 6 --threads 2
same $T/sheet.png $T/again.png
code 0 $M generate --weights $W --output $T/square.png
if [ "$(size $T/square.png)" = "78 62" ]; then good; else bad "64 pictures on $(size $T/square.png) points"; fi

# a way from one noise to the next has both at its ends
code 0 $M generate --weights $W --output $T/way --interpolate 5 --class 1 --count 2
same_files $T/way/1 "$(seq -f %g.png 0 9)"
same $T/way/1/0.png $T/ones/1/00.png
same $T/way/1/4.png $T/ones/1/01.png
same $T/way/1/5.png $T/ones/1/02.png
differ $T/way/1/2.png $T/way/1/0.png
code 0 $M generate --weights $W --output $T/way.png --interpolate 5 --count 3
if [ "$(size $T/way.png)" = "48 22" ]; then good; else bad "3 ways of 5 on $(size $T/way.png) points"; fi

# mistakes
code 1 $M generate --weights $W --output $T/x.png --class left
says "error: --class left: there is no such class; there are 0, 1"
one_line
code 1 $M generate --weights $W --output $T/x.png --grid 2x3 --count 7
says "error: --grid 2x3 has room for 6 pictures, not for 7"
code 2 $M generate --weights $W --output $T/x --grid 2x3
says "--grid is for a sheet, --output FILE.png"
code 2 $M generate --weights $W
says "--output FILE.png or FOLDER is missing"
code 2 $M generate --weights $W --output $T/x.png --prompt a
says "--prompt is for networks that make texts, and this one makes pictures"
for wrong in "--grid 2" "--grid 0x3" "--grid 2x3x" "--grid x" "--interpolate 1" "--count 0" "more"; do
	code 2 $M generate --weights $W --output $T/x.png $wrong
	one_line
done
absent $T/x.png
absent $T/x
finish
