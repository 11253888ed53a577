#!/bin/sh
# make bench: our training step against PyTorch's, taking turns in one run; writes tests/bench/RESULTS.md.
#   [NETWORKS="char_lstm char_gru"] [PYTHON=..] tests/bench/bench.sh [--rounds N] [--threads N]
# From the root of the repository. NETWORKS: those alone (networks.py lists them); what RESULTS.md says of others stays. PYTHON: Pythons
# with torch. Exits 1 when PyTorch is the faster one somewhere.
set -eu
found= options=
for python in ${PYTHON:-build/venv-torch/bin/python /usr/bin/python3}; do
	if "$python" -c 'import torch' 2>/dev/null; then
		found=${found:-$python}
		options="$options --python $python"
	fi
done
if [ -z "$found" ]; then
	echo "make bench compares with PyTorch, which is not here. To have it:" >&2
	echo "  python3 -m venv build/venv-torch && build/venv-torch/bin/pip install torch safetensors numpy" >&2
	exit 1
fi
chosen=$("$found" tests/bench/networks.py ${NETWORKS:-} | cut -d' ' -f1-2)
[ -n "$chosen" ]
echo "$chosen" | while read -r network spec; do
	make "generated/$network" SPEC="$spec"
done
echo "losses of six steps, ours and PyTorch's, from the same weights:"
PYTHON=$found tests/bench/agree.sh ${NETWORKS:-}
exec "$found" tests/bench/bench.py $options "$@" ${NETWORKS:-}
