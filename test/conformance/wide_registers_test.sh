#!/bin/sh
# wide_registers_test.sh NM OBJECT: fails if the object defines a function for the linker to choose
# from that is not of its own kind of register, or none at all.
symbols=$("$1" -C "$2") || exit 1
shared=$(printf '%s\n' "$symbols" | grep ' [Wu] ')
if [ -z "$shared" ]; then
  echo "$2: no function found"
  exit 1
fi
if printf '%s\n' "$shared" | grep -v '_VecBltnBtmsk<64>'; then
  echo "$2: defines these functions, which others may call on any processor"
  exit 1
fi
