"""Ways to carry data out of a page, each of which must fail."""

from __future__ import annotations

#: What is tried, by name: JavaScript functions of an address, which ends in a query. Those that return have succeeded.
ATTEMPTS = {
    "fetch": "(url) => fetch(url)",
    "fetch without CORS": "(url) => fetch(url, {mode: 'no-cors', method: 'POST', body: 'subject 7', keepalive: true})",
    "XMLHttpRequest": """(url) => new Promise((sent, refused) => {
        const request = new XMLHttpRequest();
        request.onload = sent; request.onerror = () => refused(new Error("refused"));
        request.open("GET", url); request.send();
    })""",
    "synchronous XMLHttpRequest": """(url) => {
        const request = new XMLHttpRequest();
        request.open("GET", url, false); request.send();
    }""",
    "WebSocket": """(url) => new Promise((sent, refused) => {
        const socket = new WebSocket(url.replace("http", "ws"));
        socket.onopen = sent; socket.onerror = () => refused(new Error("refused"));
    })""",
    "WebSocketStream": "(url) => new WebSocketStream(url.replace('http', 'ws')).opened",
    "WebTransport": "(url) => new WebTransport(url.replace('http', 'https')).ready",
    "EventSource": """(url) => new Promise((sent, refused) => {
        const source = new EventSource(url);
        source.onopen = sent; source.onerror = () => { source.close(); refused(new Error("refused")); };
    })""",
    "image": """(url) => new Promise((sent, refused) => {
        const image = new Image();
        image.onload = sent; image.onerror = () => refused(new Error("refused"));
        image.src = url;
    })""",
    "font": "(url) => new FontFace('x', `url(${url})`).load()",
    "worker": """(url) => new Promise((sent, refused) => {
        const worker = new Worker(url);
        worker.onmessage = sent; worker.onerror = () => refused(new Error("refused"));
    })""",
    "module worker": """(url) => new Promise((sent, refused) => {
        const worker = new Worker(url, {type: "module"});
        worker.onmessage = sent; worker.onerror = () => refused(new Error("refused"));
    })""",
    "fetch of a worker's worker": """(url) => new Promise((sent, refused) => {
        const script = `fetch("${url}").then(() => postMessage("sent"), () => postMessage("refused"))`;
        const worker = new Worker(URL.createObjectURL(new Blob([script])));
        worker.onmessage = ({data}) => data === "sent" ? sent() : refused(new Error("refused"));
        worker.onerror = () => refused(new Error("refused"));
    })""",
    "importScripts of a worker's worker": """(url) => new Promise((sent, refused) => {
        const script = `try { importScripts("${url}"); postMessage("sent") } catch { postMessage("refused") }`;
        const worker = new Worker(URL.createObjectURL(new Blob([script])));
        worker.onmessage = ({data}) => data === "sent" ? sent() : refused(new Error("refused"));
        worker.onerror = () => refused(new Error("refused"));
    })""",
    "fetch of an empty frame": """(url) => {
        const frame = document.body.appendChild(document.createElement("iframe"));
        return frame.contentWindow.fetch(url).finally(() => frame.remove());
    }""",
    "WebSocket of an empty frame": """(url) => new Promise((sent, refused) => {
        const frame = document.body.appendChild(document.createElement("iframe"));
        const socket = new frame.contentWindow.WebSocket(url.replace("http", "ws"));
        socket.onopen = sent; socket.onerror = () => refused(new Error("refused"));
    })""",
    "import": "(url) => import(url)",
    "importScripts": "(url) => importScripts(url)",
    "service worker": "(url) => navigator.serviceWorker.register(url)",
    # A connection, or as much as the question where it could be made.
    "WebRTC": """async (url) => {
        const connection = new RTCPeerConnection({iceServers: [{urls: `stun:${new URL(url).host}`}]});
        connection.createDataChannel("subject 7");
        await connection.setLocalDescription(await connection.createOffer());
    }""",
    # In a turn of its own: what Playwright itself evaluates is exempt.
    "eval": "() => new Promise((later) => setTimeout(later)).then(() => eval('1'))",
}

#: What only a page can try. They say nothing when they fail; each must be refused by a policy, which is heard.
SILENT_ATTEMPTS = {
    "beacon": "(url) => navigator.sendBeacon(url, 'subject 7')",
    "frame": "(url) => { const f = document.createElement('iframe'); f.src = url; document.body.append(f); }",
    "form": """(url) => {
        const form = document.createElement("form");
        form.action = url; form.target = "_blank"; document.body.append(form); form.submit();
    }""",
    "prefetch": """(url) => {
        const link = document.createElement("link");
        link.rel = "prefetch"; link.href = url; document.head.append(link);
    }""",
    "style sheet": """(url) => {
        const link = document.createElement("link");
        link.rel = "stylesheet"; link.href = url; document.head.append(link);
    }""",
    "video": "(url) => { const video = document.createElement('video'); video.src = url; video.load(); }",
    "script": "(url) => { const s = document.createElement('script'); s.src = url; document.head.append(s); }",
    "background": "(url) => { document.body.style.backgroundImage = `url(${url})`; }",
    "ping": """(url) => {
        const link = document.createElement("a");
        link.href = "#"; link.ping = url; document.body.append(link); link.click();
    }""",
}

#: Ways out of a page that are no requests of it, by the word that the panel has for them, and by name. The page itself
#: refuses each, and hears of it.
DEPARTURES = {
    ("window", "window.open"): "(url) => { window.open(url); }",
    ("window", "window.open without an opener"): "(url) => { open(url, '_blank', 'noopener'); }",
    ("window", "link to another window"): """(url) => {
        const link = Object.assign(document.createElement("a"), {href: url, target: "_blank"});
        document.body.append(link); link.click(); link.remove();
    }""",
    ("window", "link to another window, outside the page"): """(url) =>
        Object.assign(document.createElement("a"), {href: url, target: "_blank"}).click()""",
    ("download", "download"): """(url) => {
        const link = Object.assign(document.createElement("a"), {href: url, download: "subject-7"});
        document.body.append(link); link.click(); link.remove();
    }""",
    ("download", "download outside the page"): """(url) =>
        Object.assign(document.createElement("a"), {href: url, download: "subject-7"}).click()""",
    # From another origin it is a visit to the browser, and the page does not see the link.
    ("download|navigation", "download by an event"): """(url) =>
        Object.assign(document.createElement("a"), {href: url, download: "subject-7"}).dispatchEvent(
            new MouseEvent("click", {bubbles: true, cancelable: true}))""",
    ("navigation", "link"): """(url) => {
        const link = Object.assign(document.createElement("a"), {href: url});
        link.append(document.createElement("b")); document.body.append(link); link.firstChild.click(); link.remove();
    }""",
    ("navigation", "location"): "(url) => { location = url; }",
    ("navigation", "location.replace"): "(url) => location.replace(url)",
}

#: How text might become a script of the page, by name: functions of the script, which a policy must refuse.
INJECTIONS = {
    "script": """(text) => document.head.append(Object.assign(document.createElement("script"), {text}))""",
    "module": """(text) =>
        document.head.append(Object.assign(document.createElement("script"), {text, type: "module"}))""",
    "script of a blob": """(text) => {
        const src = URL.createObjectURL(new Blob([text], {type: "text/javascript"}));
        document.head.append(Object.assign(document.createElement("script"), {src}));
    }""",
    "script of an address that holds it": """(text) => {
        const src = `data:text/javascript,${text}`;
        document.head.append(Object.assign(document.createElement("script"), {src}));
    }""",
    "attribute": """(text) => {
        const element = document.createElement("b");
        element.setAttribute("onclick", text); document.body.append(element); element.click();
    }""",
    "markup": """(text) => {
        const element = document.body.appendChild(document.createElement("div"));
        element.innerHTML = `<details open ontoggle="${text}">`;
    }""",
    "link": """(text) => {
        const link = document.createElement("a");
        link.href = `javascript:${text}`; document.body.append(link); link.click();
    }""",
    "timer": "(text) => setTimeout(text)",
    "script of an empty frame": """(text) => {
        const frame = document.body.appendChild(document.createElement("iframe")), inside = frame.contentDocument;
        inside.addEventListener("securitypolicyviolation", (event) =>
            document.dispatchEvent(new SecurityPolicyViolationEvent(event.type, event)));
        inside.head.append(Object.assign(inside.createElement("script"), {text}));
    }""",
}

#: From Python in the engine; ``address`` ends in a query.
PYTHON_ATTEMPTS = (
    "import js; await js.fetch(address)",
    "from pyodide.http import pyfetch; await pyfetch(address)",
    "from pyodide.http import open_url; open_url(address)",
    "from urllib.request import urlopen; urlopen(address)",
    "import js; r = js.XMLHttpRequest.new(); r.open('GET', address, False); r.send()",
    "import js; js.importScripts(address)",
    "import js; js.navigator.sendBeacon(address, 'subject 7')",
    "import micropip; await micropip.install(address.replace('?', 'subject-7-py3-none-any.whl?'))",
    "import micropip; await micropip.install('subject-7', index_urls=address)",
)

#: How Chromium says that a policy refused something.
REFUSALS = ("Content Security Policy", "ERR_BLOCKED_BY_CSP", ": csp$")
