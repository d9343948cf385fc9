"""Who talks to the public demo is told, before the first word, what becomes of it."""


def test_the_line_stands_in_the_demo_and_nowhere_else(server):
    person = {"own": "nobody", "team": "anna", "demo": "nobody"}[server.mode]
    components = server.ask("GET", "/config", person).json()["components"]
    (line,) = (part for part in components if part["props"].get("elem_id") == "consent")
    assert line["props"]["visible"] is (server.mode == "demo")
    assert "chat.consent" in line["props"]["value"]
