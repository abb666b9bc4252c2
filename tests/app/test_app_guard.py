"""Who is answered: this machine's own page, and nobody through another site."""

from __future__ import annotations

import json
import socket

import pytest
from starlette.testclient import TestClient

from genloss.app.guard import POLICY, Door, is_loopback
from genloss.app.site import site

HOME = "http://127.0.0.1:8765"
QUESTION = {
    "problem": {"preset": "isotropic", "dim": 10},
    "plan": {"preset": "replace", "generations": 2, "n_samples": 31},
}
NAVIGATION = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}


@pytest.fixture(scope="module")
def client():
    with TestClient(site(Door("127.0.0.1", 8765)), base_url=HOME) as client:
        yield client


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8765", "localhost:8765", "LOCALHOST:8765", "[::1]:8765"]
)
def test_names_of_this_machine_are_answered(client, host):
    assert client.get("/explore", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example:8765", "127.0.0.1:80", "127.0.0.1", "127.0.0.1.evil.example:8765", "10.0.0.1:8765",
     "localhost:8765@evil.example", "", ":8765"],
)  # fmt: skip
def test_other_names_are_refused(client, host):
    assert client.get("/explore", headers={"host": host}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "https://127.0.0.1:8765"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        NAVIGATION,
    ],
)
def test_other_sites_may_not_ask(client, headers):
    assert client.post("/api/curve", json=QUESTION, headers=headers).status_code == 403
    assert client.get("/run/best", params={"q": "{}"}, headers=headers).status_code == 403


def test_a_link_elsewhere_may_open_the_page_alone(client):
    assert client.get("/explore?dim=10", headers=NAVIGATION).status_code == 200
    embedded = {**NAVIGATION, "sec-fetch-mode": "no-cors"}
    assert client.get("/explore", headers=embedded).status_code == 403
    assert client.get("/static/main.js", headers=NAVIGATION).status_code == 403


def test_its_own_page_may_ask(client):
    headers = {"origin": HOME, "sec-fetch-site": "same-origin"}
    assert client.post("/api/curve", json=QUESTION, headers=headers).status_code == 200


def test_a_form_of_another_site_cannot_ask(client):
    answer = client.post(
        "/api/curve", content=json.dumps(QUESTION), headers={"content-type": "text/plain"}
    )
    assert answer.status_code == 415


def test_every_answer_holds_the_page_in(client):
    for path in ("/explore", "/static/main.js", "/nothing", "/static/nothing", "/report/nothing"):
        headers = client.get(path).headers
        assert headers["content-security-policy"] == POLICY
        assert headers["x-content-type-options"] == "nosniff"
    assert "unsafe" not in POLICY
    assert client.get("/explore", headers={"host": "evil"}).headers["x-content-type-options"]


@pytest.mark.parametrize(
    "path",
    ["/static/../site.py", "/static/%2e%2e%2fsite.py", "/static/..%2f..%2f__init__.py", "/static/",
     "/static/index.html%00", "/report/../../etc/passwd", "/etc/passwd", "//etc/passwd"],
)  # fmt: skip
def test_no_path_reaches_the_file_system(client, path):
    assert client.get(path).status_code == 404


def test_a_long_question_is_refused_while_it_comes(client):
    def parts():
        for _ in range(100):
            yield b" " * 1024

    answer = client.post(
        "/api/curve", content=parts(), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize("method", ["put", "delete", "options", "patch"])
def test_other_methods_are_refused(client, method):
    assert getattr(client, method)("/api/curve").status_code == 405


def test_a_door_to_other_machines_has_a_token():
    door = Door.at("0.0.0.0", 8765)
    assert len(door.token) > 30
    assert door.token in door.address
    assert door.token not in repr(door)
    assert Door.at("127.0.0.1", 8765).token is None
    with TestClient(site(door), base_url="http://192.168.1.7:8765") as client:
        assert client.get("/explore").status_code == 403
        assert client.get("/static/main.js").status_code == 403
        assert client.post("/api/curve", json=QUESTION).status_code == 403
        assert client.get("/explore", params={"token": "wrong"}).status_code == 403
        told = {"token": door.token, "dim": "7"}
        opened = client.get("/explore", params=told, follow_redirects=False)
        assert (opened.status_code, opened.headers["location"]) == (303, "/explore?dim=7")
        cookie = opened.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert client.post("/api/curve", json=QUESTION).status_code == 200
        named = {"host": "evil.example:8765"}  # a name that was made to lead here
        assert client.get("/explore", headers=named).status_code == 403
        named = {"host": f"{socket.gethostname()}:8765"}
        assert client.get("/explore", headers=named).status_code == 200


def test_a_token_leads_nowhere_else():
    door = Door("0.0.0.0", 8765, "secret")
    with TestClient(site(door), base_url="http://10.0.0.1:8765") as client:
        address = f"{client.base_url}//evil.example/?token=secret"
        opened = client.get(address, follow_redirects=False)
        assert opened.headers["location"].startswith("/evil.example")


@pytest.mark.parametrize(
    ("host", "there"),
    [("127.8.9.1", True), ("::1", True), ("192.168.0.1", False), ("::", False), ("evil", False)],
)
def test_loopback(host, there):
    assert is_loopback(host) is there
