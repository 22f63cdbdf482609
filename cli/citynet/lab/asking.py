"""One HTTPS request from inside a lab, with certificates on both sides: a program for an interpreter of its own."""

ASK = """
import http.client, json, ssl, sys, urllib.parse
told = json.load(sys.stdin)
context = ssl.create_default_context(cafile=told["ca"])
context.load_cert_chain(told["certificate"], told["key"])
context.check_hostname = not told.get("name")
url = urllib.parse.urlsplit(told["url"])
connection = http.client.HTTPSConnection(url.hostname, url.port, timeout=told["timeout"], context=context)
body = json.dumps(told["body"]) if told["body"] is not None else None
path = url.path + ("?" + url.query if url.query else "")
connection.request("POST" if body else "GET", path, body, {"Content-Type": "application/json"})
names = dict(part[0] for part in connection.sock.getpeercert()["subject"])
if told.get("name") and names["commonName"] != told["name"]:
    sys.exit("the certificate is not that of " + told["name"])
answer = connection.getresponse()
text = answer.read().decode()
if answer.status >= 400:
    sys.exit("HTTP Error %d: %s" % (answer.status, answer.reason))
sys.stdout.write(text)
"""
