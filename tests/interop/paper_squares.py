"""usage: paper_squares.py TEXT IMAGE: the QR code in the text, as ink on paper, as a PGM image."""
import sys

SIDE = 6
lines = open(sys.argv[1], encoding="utf-8").read().split("\n")
blocks = [i for i, line in enumerate(lines) if any(c in "▀▄█" for c in line)]
hashes = [i for i, line in enumerate(lines) if line.count("##") > 5]
rows = []
if blocks:
	for line in lines[blocks[0]:blocks[-1] + 1]:
		rows.append([c in "▀█" for c in line])
		rows.append([c in "▄█" for c in line])
else:
	for line in lines[hashes[0]:hashes[-1] + 1]:
		rows.append([c == "#" for c in line[::2]])
width = max(len(row) for row in rows) + 8
rows = [[False] * 4 + row + [False] * (width - 4 - len(row)) for row in rows]
rows = [[False] * width] * 4 + rows + [[False] * width] * 4
with open(sys.argv[2], "wb") as f:
	f.write(b"P5\n%d %d\n255\n" % (width * SIDE, len(rows) * SIDE))
	for row in rows:
		f.write(b"".join(bytes([0 if dark else 255]) * SIDE for dark in row) * SIDE)
