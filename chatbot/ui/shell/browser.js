() => {
  // What the page does without asking the server: keys of the tour, the card behind a 【1】, and a connection that is lost.
  const find = (id) => { const node = document.getElementById(id); return node && node.offsetParent ? node : null; };

  const tongue = navigator.language.toLowerCase().startsWith("zh") ? 0 : 1;
  const words = Object.fromEntries(Object.entries(WORDS).map(([key, pair]) => [key, pair[tongue]]));

  const KEYS = { ArrowRight: "tour-next", ArrowLeft: "tour-back", Escape: "tour-leave" };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable=true]");
    if (!find("tour") || !(event.key in KEYS) || (typing && event.key !== "Escape")) return;
    find(KEYS[event.key])?.click();
  });

  const light = (event) => {
    const cite = event.target.closest?.(".cite");
    document.querySelectorAll(".hotel.lit").forEach((card) => card.classList.remove("lit"));
    if (!cite) return;
    const number = cite.textContent.replace(/\D/g, "");
    const card = document.querySelector(`#cards .hotel[data-hotel="${number}"]`);
    card?.classList.add("lit");
    if (event.type === "click") card?.scrollIntoView({ block: "nearest" });
  };
  ["click", "focusin", "mouseover"].forEach((kind) => document.addEventListener(kind, light));

  // What Gradio leaves without a name, or puts a button into a button, as a screen reader would meet it.
  const amend = () => {
    document.querySelectorAll(".talk .title[role=button] button:not([inert])").forEach((node) => { node.inert = true; });
    document.querySelectorAll('button[aria-label=""]').forEach((node) => {
      node.setAttribute("aria-label", node.title || node.closest("[aria-label]:not([aria-label=''])")?.ariaLabel || words.button);
    });
  };
  let amending = 0;
  new MutationObserver(() => { amending ||= setTimeout(() => { amending = 0; amend(); }, 100); })
    .observe(document.body, { childList: true, subtree: true });

  // Gradio notices that its server is gone only while it waits for an answer. The page asks by itself, and more often then.
  const bar = document.createElement("div");
  bar.id = "connection";
  bar.setAttribute("role", "status");
  document.body.append(bar);
  const say = (text, kind) => { bar.textContent = text; bar.className = kind; };
  let failed = 0, app;  // one failure may be a busy server; two are a lost one
  const ask = async () => {
    try {
      const answer = await fetch(new URL("gradio_api/app_id?page", document.baseURI), { cache: "no-store", signal: AbortSignal.timeout(8000) });
      const now = answer.ok ? (await answer.json()).app_id : app;
      const anew = app !== undefined && now !== app;
      app ??= now;
      if (anew) {
        say(words.anew, "anew");
        const button = document.createElement("button");
        button.textContent = words.load;
        button.onclick = () => location.reload();
        bar.append(" ", button);
        return;
      }
      if (failed > 1) { say(words.back, "back"); setTimeout(() => failed || say("", ""), 4000); }
      failed = 0;
    } catch { if (++failed > 1) say(words.lost, "lost"); }
    setTimeout(ask, failed ? 1000 : 5000);
  };
  addEventListener("offline", () => { failed = 2; say(words.lost, "lost"); });
  ask();
}
