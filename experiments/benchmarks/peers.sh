# For the scripts of this folder, which source it with `here` set to it: `program`, medvol, and `python`, one that has the
# peers of peers.txt; it is made in .deps/peers unless PEERS_PYTHON names one.
root="$(readlink -f -- "$here/../..")"
program="${MEDVOL_PROGRAM:-$root/build/release/bin/medvol}"
python="${PEERS_PYTHON:-$root/.deps/peers/bin/python}"
if [[ ! -x "$python" ]]; then
  python3 -m venv "$root/.deps/peers"
  "$root/.deps/peers/bin/pip" install -q -r "$here/peers.txt"
fi
