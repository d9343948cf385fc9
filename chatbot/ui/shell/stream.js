// Gradio's page reads what its events give from one stream. The server closes that once it knows of no event under way, and
// an event that joins before this word is read would be waited for on a closed stream: a button pressed in that instant
// never answers. So the word is kept from the page while an event is awaited, and a new stream goes on where the old one ended.
(() => {
  const plain = window.fetch.bind(window);
  const awaited = new Set();  // the ids of events that have joined and not ended
  const early = new Set();  // and of those that have ended before the answer to their joining was read
  const joining = new Set();

  const join = (...asked) => {
    const answered = plain(...asked).then(async (answer) => {
      const { event_id: id } = await answer.clone().json().catch(() => ({}));
      if (id && !early.delete(id)) awaited.add(id);
      return answer;
    });
    joining.add(answered);
    const done = () => { joining.delete(answered); if (!joining.size) early.clear(); };
    answered.then(done, done);
    return answered;
  };

  const ended = (id) => { if (!awaited.delete(id) && joining.size) early.add(id); };

  const follow = async (request) => {
    const open = () => plain(request.clone());
    const first = await open();
    if (!first.ok || !first.body) return first;
    const texts = (answer) => answer.body.pipeThrough(new TextDecoderStream()).getReader();
    const bytes = new TextEncoder();
    let reader = texts(first), rest = "";

    const read = async () => {  // whole messages, as they come; undefined at the end
      const { value, done } = await reader.read();
      if (done) { awaited.clear(); return undefined; }
      const parts = (rest + value).split("\n\n");
      rest = parts.pop();
      let last = "";
      const kept = parts.filter((part) => {
        const [, message, id] = /^data: \{"msg":"(\w+)","event_id":"?(\w+)/.exec(part) ?? [];
        if (message === "process_completed") ended(id);
        if (message === "close_stream") last = part;
        return !last;
      });
      if (last) {
        while (!(await reader.read()).done);  // a stream left before its end would take along what has joined since
        await Promise.allSettled([...joining]);
        if (awaited.size) reader = texts(await open()); else kept.push(last);
      }
      return kept.map((part) => part + "\n\n").join("");
    };

    const body = new ReadableStream({
      async pull(page) {
        let text = "";
        while (text === "") text = await read();
        if (text === undefined) page.close(); else page.enqueue(bytes.encode(text));
      },
      cancel: (reason) => reader.cancel(reason),
    });
    return new Response(body, { status: first.status, headers: first.headers });
  };

  window.fetch = (...asked) => {
    const path = new URL(asked[0].url ?? asked[0], document.baseURI).pathname;
    if (path.endsWith("/queue/join")) return join(...asked);
    if (path.endsWith("/queue/data")) return follow(new Request(...asked));
    return plain(...asked);
  };
})();
