// The review's page: draws what the server answers, turns keys into commands, and loses nothing that was pressed or typed.
// `element`, `props`, `trigger` and `watch` come from Gradio; the wire is made anew whenever the step is shown again.
const KEYS = {a: "approve", e: "edit", r: "reject", s: "skip", f: "flag", u: "undo", j: "next", k: "back", c: "comment", b: "bulk", l: "list", h: "audit", m: "guide"};
const LEAD_KEYS = {t: "team", g: "gold"};
const FILTERS = ["text", "operation", "failed", "slot", "hotels", "run", "whose", "reviewer", "state", "order"];
const RETRY = 2000;
const UNSENT = "review-unsent";

const make = () => {
  const at = (id) => document.getElementById("review-" + id);
  const state = {card: null, next: null, reasons: [], trail: [], wishes: {}, pending: null, queue: [], keys: [], waiting: false,
    editing: false, typing: false, unsent: new Map(), told: 0, framed: false, lead: false};
  let wire = null, words = {};

  // commands go one after the other; each names the card that was on screen, and the step that it is, so that one that
  // is sent again is not done twice
  const send = (command) => {
    const step = Date.now().toString(36) + Math.random().toString(36).slice(2, 12);
    state.queue.push({wishes: state.wishes, step, ...command});
    state.pending ? keep() : pump();
  };
  // Gradio loads the page anew when a lost server is back: what was typed or pressed and not answered waits in the
  // browser's tab, and is sent again if the same person opens it
  const keep = () => {
    if (!state.framed) return;
    const commands = [state.pending, ...state.queue].filter((command) => command && command.do !== "open" && !command.quiet);
    const drafts = [...new Map([...(state.typing && state.sent ? [state.sent] : []), ...state.unsent])];
    sessionStorage.setItem(UNSENT, JSON.stringify({who: state.who, commands, drafts, keys: state.keys}));
  };
  const again = (who) => {
    const left = JSON.parse(sessionStorage.getItem(UNSENT) || "null");
    if (state.who === undefined && left?.who === who) {
      state.queue.push(...(left.drafts || []).map(([card, draft]) => ({do: "draft", card, draft, wishes: state.wishes})), ...left.commands);
      state.keys.push(...(left.keys || []));
    }
    state.who = who;
  };
  const pump = () => {
    state.pending = state.queue.shift() || null;
    keep();
    if (state.pending) wire.trigger("command", {command: state.pending});
  };
  const on = (extra) => ({card: state.card?.id || 0, seen: state.card?.seen || 0, ...extra});

  const answered = (text) => {
    if (!text) return;
    const answer = JSON.parse(text), command = state.pending;
    if (answer.frame && state.framed) return;  // asked for twice
    state.pending = null;
    if (answer.frame) { state.lead = answer.lead; frame(answer.frame); guide(answer.guide); again(answer.who); }
    if (!state.framed) return pump();
    if (answer.progress) at("progress").innerHTML = answer.progress;
    if (answer.reasons) state.reasons = answer.reasons;
    if ("list" in answer) { at("list").innerHTML = answer.list; }
    // an answer that nobody asked for leaves what was told last to be read
    const lost = at("note").textContent === words.lost, asked = answer.note || answer.card || !command?.quiet;
    if (lost || ("note" in answer && asked)) note(answer.note, answer.bad);
    if (answer.audit) at("audit").lastElementChild.innerHTML = answer.audit;
    if (answer.team) at("team").lastElementChild.innerHTML = answer.team;
    if (answer.bulk) askBulk(answer.bulk);
    if ("card" in answer) {
      state.next = answer.next;
      if (!state.queue.length) show(answer.card, answer.empty);
      else if (state.waiting && answer.next && !answer.frame) show(answer.next, answer.empty);
    } else if (answer.bad && command?.do === "save") edit(true, true);
    state.waiting = state.waiting && state.queue.length > 0;
    mark();
    if (state.queue.length) return pump();
    keep();
    early();
  };
  const early = () => {
    while (!state.waiting && !state.pending && state.keys.length && at("panel").hidden) act(state.keys.shift());
    keep();
  };
  // the server did not answer: the command stays, and is sent again; one that had arrived is not done twice
  const failed = () => {
    note(words.lost, true);
    if (state.pending) { state.queue.unshift(state.pending); state.pending = null; }
    setTimeout(() => { if (!state.pending) pump(); }, RETRY);
  };

  const note = (text, bad) => { const box = at("note"); if (!box) return; box.textContent = text || ""; box.className = bad ? "bad" : ""; };
  const show = (card, empty) => {
    if (state.card && card?.id !== state.card.id) state.trail = [...state.trail, state.card.id].slice(-200);
    const busy = state.editing && card?.id === state.card?.id;
    state.card = card;
    at("card").innerHTML = card ? card.html : empty || "";
    if (busy) return;
    at("rows").innerHTML = card ? card.editor : "";
    edit(Boolean(card?.draft), false);
    if (card?.draft) note(words.draft_note);
    address();
  };
  const mark = () => {
    document.querySelectorAll("#review-list [data-pick]").forEach((row) => {
      const here = Number(row.dataset.pick) === state.card?.id;
      row.toggleAttribute("aria-current", here);
      if (here) { const list = at("list"); list.scrollTop = row.parentElement.offsetTop - list.offsetTop - list.clientHeight / 3; }
    });
    document.querySelector(".review .decide").hidden = state.editing;
    document.querySelectorAll(".decide button").forEach((button) => {
      button.disabled = !state.card && !["undo", "help", "back"].includes(button.id.slice(7));
    });
  };
  const address = () => {
    const url = new URL(location.href);
    FILTERS.forEach((name) => state.wishes[name] && state.wishes[name] !== "queue" ? url.searchParams.set(name, state.wishes[name]) : url.searchParams.delete(name));
    url.searchParams.set("card", state.card?.id || 0);  // 0 opens the step too, where no card is left
    history.replaceState(history.state, "", url);
  };

  // what a key or a button does
  const press = (name) => {
    if (name === "help") return toggle(at("keys"));
    if (name === "list") return focusList();
    if (name === "audit" || name === "team") { const fold = at(name); fold.open = !fold.open; if (fold.open) fold.scrollIntoView({block: "nearest"}); return; }
    if (name === "guide") return guide(!guided());
    if (name === "search") return at("filters").elements.text.focus();
    if (!state.waiting && !state.keys.length) return act(name);
    state.keys.push(name);  // pressed early: kept, in its order
    keep();
  };
  const act = (name) => {
    if (name !== "edit") guide(false);
    if (name === "gold") return state.card && askGold();
    if (name.startsWith("settle:")) return state.card && turn({do: "settle", ...on({choice: Number(name.slice(7))})});
    if (name === "undo") { state.waiting = true; return send({do: "undo", ...on()}); }
    if (name === "bulk") return send({do: "ask_bulk"});
    if (name === "back") return back();
    if (!state.card) return;
    if (name === "edit") return edit(true, true);
    if (name === "next") return turn({do: "next", ...on()});
    if (state.editing) return;
    if (name.startsWith("reject:")) return reject(state.reasons[name.slice(7) - 1]?.[0] || "", "");
    if (name === "reject" || name === "comment") return ask(name);
    turn({do: name, ...on()});
  };
  const turn = (command) => {
    const next = state.next;
    send(command);
    state.next = null;
    if (next && next.id !== command.card) { show(next); mark(); } else state.waiting = true;
  };
  const back = () => {
    const id = state.trail.pop();
    if (!id) return;
    state.waiting = true;
    if (state.card) state.trail = state.trail.filter((item) => item !== state.card.id);
    state.card = null;
    send({do: "pick", card: id});
  };
  const pick = (id) => { if (id === state.card?.id) return at("card").firstElementChild?.focus(); state.waiting = true; send({do: "pick", card: id}); };
  const focusList = () => {
    at("aside").open = true;
    (at("list").querySelector("[aria-current]") || at("list").querySelector("[data-pick]"))?.focus();
  };

  // reasons, comments, bulk: a small panel over the buttons
  const panel = (html) => { const box = at("panel"); box.replaceChildren(...html); box.hidden = false; };
  const close = () => { at("panel").hidden = true; at("keys").hidden = true; };
  const button = (text, kind, press) => Object.assign(document.createElement("button"), {type: "button", textContent: text, className: kind, onclick: press});
  const entry = (hint, press) => {
    const field = Object.assign(document.createElement("input"), {placeholder: hint, maxLength: 300});
    field.setAttribute("aria-label", hint);
    field.onkeydown = (event) => { if (event.key === "Enter" && !event.isComposing) { event.preventDefault(); event.stopPropagation(); press(field.value.trim()); } };
    return field;
  };
  const ask = (name) => {
    if (name === "comment") {
      const field = entry(words.comment_hint, (comment) => { close(); if (comment) { state.waiting = true; send({do: "comment", ...on({comment})}); } });
      panel([field, button(words.send, "primary", () => field.onkeydown(new KeyboardEvent("keydown", {key: "Enter"})))]);
      return field.focus();
    }
    const given = state.reasons.map(([code, text], i) => button(`${i + 1} ${text}`, "reason", () => reject(code, field.value.trim())));
    const field = entry(words.reason_other, (own) => reject(own.slice(0, 80), ""));
    panel([...given, field, button(words.no_reason, "", () => reject(field.value.trim().slice(0, 80), ""))]);
    at("panel").focus();
  };
  const reject = (reason, comment) => { close(); turn({do: "reject", ...on({reason, comment})}); };
  const askBulk = (asked) => {
    const told = Object.assign(document.createElement("span"), {innerHTML: asked.told});
    const take = button(asked.take, "primary", () => { close(); state.waiting = true; send({do: "bulk", ...on({until: asked.until})}); });
    take.id = "review-bulk-take";
    panel([told, ...(asked.n ? [take] : []), button(asked.leave, "", close)]);
    at("panel").querySelector("button").focus();
  };
  const askGold = () => {
    const say = (answer) => { close(); turn({do: "gold", ...on({answer})}); };
    const answers = ["approve", "reject"].map((name, i) => button(`${i + 1} ${words["did_" + name]}`, "reason", () => say(name)));
    panel([document.createTextNode(words.gold_ask), ...answers, button(words.gold_none, "", () => say(""))]);
    at("panel").focus();
  };
  const deal = () => {
    const form = Object.fromEntries(new FormData(at("plan")));
    state.waiting = true;
    send({do: "deal", people: form.people, common: Number(form.common), judgements: Number(form.judgements)});
  };
  const disputed = () => { at("filters").elements.state.value = "disputed"; wished(); look(); at("card").scrollIntoView({block: "nearest"}); };
  const guide = (open) => {
    at("guide").toggleAttribute("data-open", Boolean(open));
    if (open && !at("guide").querySelector(".fold")) at("guide").prepend(button(words.leave, "fold", () => guide(false)));
    const judging = at("guide").querySelectorAll("h2")[1];  // the first chapter leads to this page
    if (open && judging) at("guide").scrollTop = judging.offsetTop - at("guide").offsetTop;
  };
  const guided = () => at("guide").hasAttribute("data-open");
  const toggle = (box) => { box.hidden = !box.hidden; if (!box.hidden) box.focus(); };

  // the editor: words in boxes, calls as chips; every change is kept on the server at once
  const edit = (open, focus) => {
    state.editing = open && Boolean(state.card);
    at("editor").hidden = !state.editing;
    at("main").classList.toggle("editing", state.editing);
    if (state.editing) { at("rows").querySelectorAll("textarea").forEach(grow); if (focus) first().focus(); }
    mark();
  };
  const first = () => at("rows").querySelector(".was + textarea") || at("rows").querySelector("textarea");
  const grow = (box) => { box.style.height = "auto"; box.style.height = box.scrollHeight + 2 + "px"; };
  const draft = () => {
    const found = {words: {}, calls: {}};
    at("rows").querySelectorAll("[data-line]").forEach((box) => { if (box.value !== box.dataset.was) found.words[box.dataset.line] = box.value; });
    at("rows").querySelectorAll("[data-call]").forEach((set) => {
      const now = [...set.querySelectorAll("[data-chip]")].map((chip) => chip.dataset.chip);
      if (now.join("\n") !== set.dataset.was) found.calls[set.dataset.call] = now;
    });
    return found;
  };
  const type = () => {
    if (!state.card) return;
    state.unsent.set(state.card.id, draft());
    keep();
    at("kept").textContent = words.saving;
    flush();
  };
  const flush = () => {
    const [first] = state.unsent;
    if (state.typing || !first) return;
    state.typing = true;
    state.unsent.delete(first[0]);
    state.sent = first;
    wire.trigger("typed", {card: first[0], draft: first[1]});
  };
  const kept = (text) => {
    const told = text ? JSON.parse(text) : {serial: state.told};
    state.typing = false;
    if (told.serial === state.told) {  // not answered: the words stay here, and are sent again
      if (state.sent && !state.unsent.has(state.sent[0])) state.unsent.set(...state.sent);
      at("kept").textContent = words.lost;
      return void setTimeout(flush, RETRY);
    }
    state.told = told.serial;
    keep();
    if (state.unsent.size) return flush();
    at("kept").textContent = words.saved;
    if (told.card === state.card?.id) notes(told);
  };
  const notes = (told) => {
    at("rows").querySelectorAll("[data-told]").forEach((box) => { box.textContent = told.told[box.dataset.told] || ""; });
    at("rows").querySelectorAll("[data-found]").forEach((box) => {
      box.dataset.was ??= box.innerHTML;
      box.innerHTML = told.found[box.dataset.found] || box.dataset.was;
    });
  };
  const save = () => {
    document.activeElement?.blur?.();
    chip(document.querySelector("#review-rows .chipset input:not(:placeholder-shown)"));
    const command = {do: "save", ...on({draft: draft()})};
    forget();
    Object.assign(state, {waiting: true, editing: false});
    send(command);
  };
  const forget = () => { state.unsent.delete(state.card.id); if (state.sent?.[0] === state.card.id) state.sent = null; };
  const leave = () => { edit(false); at("card").firstElementChild?.focus(); };
  const discard = () => {
    forget();
    Object.assign(state, {waiting: true, editing: false});
    send({do: "draft", ...on()});
  };
  const chip = (field) => {
    const text = field?.value.trim();
    if (!text) return;
    const made = Object.assign(document.createElement("span"), {className: "wish", textContent: text});
    made.dataset.chip = text;
    const gone = button("×", "", null);
    gone.setAttribute("aria-label", words.remove_chip.replace("{chip}", text));
    made.append(gone);
    field.before(made);
    field.value = "";
    type();
  };

  // the frame comes in the person's language; filters are read from it and from the address
  const frame = (html) => {
    document.getElementById("review-host").innerHTML = html;
    words = JSON.parse(document.querySelector("#review-host .review").dataset.words);
    at("aside").open = innerWidth >= 1000;
    at("more").onclick = () => at("more").setAttribute("aria-expanded", at("filters").classList.toggle("open"));
    at("filters").onsubmit = (event) => event.preventDefault();
    at("filters").oninput = () => { wished(); close(); clearTimeout(state.search); state.search = setTimeout(look, 250); };
    at("editor").onsubmit = (event) => event.preventDefault();
    ["audit", "team"].forEach((name) => { const fold = at(name); if (fold) fold.ontoggle = () => fold.open && send({do: name}); });
    at("rows").oninput = (event) => { if (event.target.matches("textarea")) { grow(event.target); type(); } };
    at("rows").addEventListener("change", (event) => { if (event.target.matches(".chipset input") && !/[≤≥ ]$/.test(event.target.value)) chip(event.target); });
    state.framed = true;
  };
  const wished = () => { state.wishes = Object.fromEntries([...new FormData(at("filters"))].filter(([, value]) => value)); address(); };
  const look = () => { state.waiting = true; send({do: "next"}); };
  const here = () => document.getElementById("review-host")?.offsetParent != null && state.framed;

  document.addEventListener("click", (event) => {
    if (!here() || !event.target.closest) return;
    const stand = event.target.closest("#review-host [data-settle]");
    if (stand) return act("settle:" + stand.dataset.settle);
    const row = event.target.closest("#review-host [data-pick]"), pressed = event.target.closest("#review-host button[id]");
    const gone = event.target.closest(".wish button");
    if (row) return pick(Number(row.dataset.pick));
    if (gone) { const set = gone.closest(".chipset"); gone.parentElement.remove(); set.querySelector("input").focus(); return type(); }
    const name = pressed?.id.slice(7);
    if (name === "save") save(); else if (name === "leave") leave(); else if (name === "cancel") discard();
    else if (name === "deal") deal(); else if (name === "disputed") disputed();
    else if (name && (name === "help" || Object.values(KEYS).includes(name))) { pressed.blur(); if (name !== "help") close(); press(name); }
  });
  document.addEventListener("keydown", (event) => {
    if (!here() || event.isComposing) return;  // Enter and letters belong to the input method first
    const field = event.target.closest?.("input, textarea, select, [contenteditable=true]");
    const inside = event.target.closest?.("#review-host");
    if (field && !inside) return;
    if (event.key === "Escape") {
      if (!at("panel").hidden || !at("keys").hidden || guided()) { close(); guide(false); } else if (state.editing) leave(); else field?.blur();
      return event.preventDefault();
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && state.editing) { event.preventDefault(); return save(); }
    if (field?.matches("[data-line]") && event.key === "Enter") event.preventDefault();
    if (field?.matches(".chipset input")) {
      if (event.key === "Enter") { event.preventDefault(); chip(field); }
      if (event.key === "Backspace" && !field.value) { field.previousElementSibling?.remove(); type(); }
    }
    if (field || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (!at("panel").hidden) {
      const reason = at("panel").querySelectorAll(".reason")[Number(event.key) - 1];
      if (reason) { event.preventDefault(); reason.click(); }
      // wherever the focus went meanwhile, e.g. to the card by a click: Enter is the panel's, except on a button
      if (event.key === "Enter" && !event.target.closest?.("button, a, summary")) {
        event.preventDefault();
        (at("panel").querySelector(".primary") || at("panel").lastElementChild).click();
      }
      if (event.key === "/" || event.key === "0") { event.preventDefault(); at("panel").querySelector("input")?.focus(); }
      return;
    }
    if (event.target.closest?.("#review-list") && /^Arrow(Up|Down)$/.test(event.key)) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? "nextElementSibling" : "previousElementSibling";
      return event.target.parentElement[step]?.querySelector("button")?.focus();
    }
    if (state.waiting && state.keys.at(-1) === "reject" && /^[1-9]$/.test(event.key)) { state.keys.splice(-1, 1, "reject:" + event.key); return keep(); }
    if (/^[1-9]$/.test(event.key) && document.querySelector(`#review-card [data-settle="${event.key}"]`)) { event.preventDefault(); return press("settle:" + event.key); }
    const name = event.key === "?" ? "help" : event.key === "/" ? "search" : KEYS[event.key.toLowerCase()] || (state.lead && LEAD_KEYS[event.key.toLowerCase()]);
    if (name) { event.preventDefault(); if (name !== "help") at("keys").hidden = true; press(name); }
  });

  return {
    answered, failed, kept,
    mount: (made) => {
      wire = made;
      const asked = new URLSearchParams(location.search);
      if (!state.framed) FILTERS.forEach((name) => { if (asked.get(name)) state.wishes[name] = asked.get(name); });
      const card = state.card?.id || Number(asked.get("card")) || 0;
      if (state.pending && state.pending.do !== "open") state.queue.unshift(state.pending);
      Object.assign(state, {card: null, next: null, pending: null, waiting: true, editing: false, typing: false, framed: false});
      state.queue.unshift({do: "open", card, wishes: state.wishes});
      pump();
    },
    refresh: () => {
      // a step that opens while the page still loads may ask before Gradio listens: ask again
      if (!state.framed && state.pending?.do === "open") wire.trigger("command", {command: state.pending});
      // of a connection that was lost before the command, Gradio reports no failure
      const lost = document.getElementById("connection")?.className === "lost";
      if (lost && state.framed && state.pending) note(words.lost, true);
      if (lost && state.framed && state.typing) at("kept").textContent = words.lost;
      if (here() && !state.card && !state.pending && document.visibilityState === "visible") { state.waiting = true; send({do: "next", quiet: true}); }
    },
  };
};

if (!window.reviewPage) { window.reviewPage = make(); setInterval(() => window.reviewPage.refresh(), 4000); }
watch("value", () => window.reviewPage.answered(props.value));
window.reviewPage.mount({trigger: (name, data) => trigger(name, data)});
// the names of the events, for the server: "command", "typed"
