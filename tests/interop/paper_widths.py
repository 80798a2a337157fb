"""usage: paper_widths.py TABLE: poppler's own widths of Helvetica against ours (pdf_width_table.h).

A font without widths makes poppler use those that it knows of it.  Behind each
character stands an x; where that one ends says how wide the character is.
"""
import re
import subprocess
import sys

FONTS = ["Helvetica", "Helvetica-Bold"]
SIZE = 100


def document(font):
	"""One page a character."""
	lines = []
	for code in range(32, 256):
		lines.append(f"BT /F {SIZE} Tf 0 0 Td (\\{code:03o}) Tj 0 g (x) Tj ET")
	kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(lines)))
	objects = [
		"<< /Type /Catalog /Pages 2 0 R >>",
		f"<< /Type /Pages /Count {len(lines)} /Kids [{kids}] /MediaBox [0 0 600 600]"
		" /Resources << /Font << /F 3 0 R >> >> >>",
		f"<< /Type /Font /Subtype /Type1 /BaseFont /{font} /Encoding /WinAnsiEncoding >>",
	]
	for i, line in enumerate(lines):
		objects.append(f"<< /Type /Page /Parent 2 0 R /Contents {5 + 2 * i} 0 R >>")
		objects.append(f"<< /Length {len(line)} >>\nstream\n{line}\nendstream")
	out, at = "%PDF-1.4\n", []
	for i, text in enumerate(objects):
		at.append(len(out))
		out += f"{i + 1} 0 obj\n{text}\nendobj\n"
	xref = len(out)
	out += f"xref\n0 {len(at) + 1}\n0000000000 65535 f \n"
	out += "".join(f"{a:010} 00000 n \n" for a in at)
	out += f"trailer\n<< /Size {len(at) + 1} /Root 1 0 R >>\n"
	return out + f"startxref\n{xref}\n%%EOF\n"


def measured(font):
	"""Where the x behind each character ends, less its own width."""
	with open("widths.pdf", "w") as f:
		f.write(document(font))
	command = ["pdftotext", "-bbox", "widths.pdf", "-"]
	pages = subprocess.run(command, capture_output=True, text=True).stdout.split("<page ")[1:]
	right = re.compile(r'xMax="([\d.]+)"')
	ends = [max((float(x) for x in right.findall(page)), default=0) for page in pages]
	x = {"Helvetica": 500, "Helvetica-Bold": 556}[font]
	return [round(end * 1000 / SIZE) - x for end in ends]


ours = re.findall(r"\{([^}]*)\}", re.sub(r"/\*.*?\*/", "", open(sys.argv[1]).read(), flags=re.S))
bad = 0
for font, row in zip(FONTS, ours):
	row = [int(n) for n in row.split(",") if n.strip()]
	for code, (a, b) in enumerate(zip(row, measured(font)), 32):
		if a and abs(a - b) > 1:
			print(f"{font} {code:#x}: {a}, poppler says {b}")
			bad += 1
sys.exit(bad > 0 or len(ours) != 2)
