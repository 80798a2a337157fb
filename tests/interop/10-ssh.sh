#!/bin/sh
# OpenSSH takes our signatures, our private file, our public line and our fingerprint.
. "$TOP/tests/interop/lib.sh"

echo 'the message' >m256
head -c 100000 /dev/urandom >m512
"$here/give.py" k <<LINES
id ssh me@host
sign ssh me@host identity file sha256 $PWD/m256
sign ssh me@host identity git sha512 $PWD/m512
LINES

cp k/identity.public k.pub
is 'the private file gives the public line' "$(cat k.pub)" \
	"$(ssh-keygen -y -f k/identity.openssh)"
is 'the fingerprint' "$(cat k/identity.fingerprint)" "$(ssh-keygen -lf k.pub | cut -d' ' -f2)"
good 'sha256, check-novalidate' ssh-keygen -Y check-novalidate -n file -s m256.sig <m256
echo "me@host $(cut -d' ' -f1,2 k.pub)" >allowed
good 'sha256, verify' ssh-keygen -Y verify -f allowed -I me@host -n file -s m256.sig <m256
good 'sha512, verify' ssh-keygen -Y verify -f allowed -I me@host -n git -s m512.sig <m512
refused 'another namespace' ssh-keygen -Y verify -f allowed -I me@host -n git -s m256.sig <m256
refused 'another message' ssh-keygen -Y verify -f allowed -I me@host -n file -s m256.sig <m512
cp m256 theirs
ssh-keygen -q -Y sign -f k/identity.openssh -n file -O hashalg=sha256 theirs
is 'ssh-keygen makes the same signature' "$(cat theirs.sig)" "$(cat m256.sig)"
finish
