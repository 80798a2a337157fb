"""A browser without scripts: cookies, redirects, forms."""

import html.parser
import http.client
import urllib.parse


class Forms(html.parser.HTMLParser):
    """Each form of a page: its attributes, "fields" and the text of the page."""

    def __init__(self, page):
        super().__init__()
        self.forms, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.forms.append({**attrs, "fields": {}})
        elif tag == "input" and self.forms:
            self.forms[-1]["fields"][attrs["name"]] = attrs.get("value") or ""

    def handle_data(self, data):
        self.text += data


class Page:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.forms, self.text = [], ""
        if "html" in headers.get("content-type", ""):
            parsed = Forms(body.decode())
            self.forms, self.text = parsed.forms, parsed.text

    def form(self, action=None, nth=0):
        return [f for f in self.forms if action is None or f["action"].endswith(action)][nth]


class Browser:
    def __init__(self, port, agent="test browser", **headers):
        self.port, self.agent, self.cookies, self.headers = port, agent, {}, headers

    def ask(self, method, path, body=None, follow=True, **headers):
        c = http.client.HTTPConnection("localhost", self.port, timeout=20)
        headers = {"User-Agent": self.agent, **self.headers, **headers}
        if self.cookies:
            headers["Cookie"] = "; ".join("%s=%s" % kv for kv in self.cookies.items())
        if body is not None:
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
            headers.setdefault("Origin", "http://localhost:%d" % self.port)
        c.request(method, path, body, headers)
        r = c.getresponse()
        for line in r.headers.get_all("set-cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            self.cookies.pop(name, None)
            if value:
                self.cookies[name] = value
        page = Page(r.status, {k.lower(): v for k, v in r.headers.items()}, r.read())
        c.close()
        if r.status == 303 and follow:
            to = urllib.parse.urlsplit(page.headers["location"])
            return self.ask("GET", to.path + ("?" + to.query if to.query else ""))
        return page

    def open(self, path, **kw):
        return self.ask("GET", path, **kw)

    def send(self, form, follow=True, to=None, origin=None, **fields):
        body = urllib.parse.urlencode({**form["fields"], **fields})
        headers = {"Origin": origin} if origin else {}
        return self.ask("POST", to or form["action"], body, follow, **headers)
