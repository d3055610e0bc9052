"use strict";
// The page is a view of /state and sends what a person does to /act; it decides nothing itself.
const byId = (id) => document.getElementById(id);
let state = null;
let target = null; // {thread, message, label}: what the customer's next words answer

function node(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "onclick") made.addEventListener("click", value);
    else if (value !== false && value != null) made.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) if (child != null) made.append(child);
  return made;
}

async function act(what) {
  const answer = await fetch("/act", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(what) });
  const result = await answer.json();
  if (result.error) byId("status").textContent = result.error;
}

function entry(item, buttons) {
  const kind = ["entry", item.ours && "ours", item.note && "note", item.deleted && "gone"].filter(Boolean).join(" ");
  const head = [item.author, item.note && "internal note", item.edited && "edited", item.at].filter(Boolean).join(" · ");
  return node("div", { class: kind }, node("header", {}, head, " ", buttons || []), linked(item.text || ""));
}

// Addresses can be followed, as in the platforms' own apps: by whoever they were sent to.
function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"]+)/).map((part, index) =>
    index % 2 ? node("a", { href: part, target: "_blank", rel: "noreferrer noopener" }, part) : part);
}

function messageButtons(thread, message) {
  if (message.deleted) return [];
  const found = [];
  if (!message.ours) {
    if (message.can_edit) found.push(node("button", { class: "link", onclick: () => {
      const text = prompt("Edit the message", message.text);
      if (text) act({ action: "edit", place: thread.place, thread: thread.id, message: message.id, text });
    } }, "edit"));
    found.push(node("button", { class: "link", onclick: () => act({ action: "delete", place: thread.place, thread: thread.id, message: message.id }) }, "delete"));
  }
  if (thread.can_reply) found.push(node("button", { class: "link", onclick: () => {
    target = { place: thread.place, thread: thread.id, message: message.id, label: message.author };
    byId("where").value = thread.place; showTarget(); byId("words").focus();
  } }, "reply"));
  return found;
}

function showTarget() {
  byId("target").replaceChildren(...(target ? [`answers ${target.label} `, node("button", { type: "button", class: "link", onclick: () => { target = null; showTarget(); } }, "cancel")] : []));
}

function drawThreads() {
  const threads = state.threads.map((thread) => node("article", { "data-thread": thread.id },
    node("h3", {}, thread.title, node("span", { class: "tag" }, thread.platform)),
    thread.messages.map((message) => entry(message, messageButtons(thread, message)))));
  byId("threads").replaceChildren(...(threads.length ? threads : [node("p", { class: "empty" }, "Nothing written yet. Ask where your parcel is.")]));
}

function drafts() {
  const kept = {};
  for (const area of document.querySelectorAll("#tickets textarea")) kept[area.dataset.ticket] = [area.value, document.activeElement === area, area.selectionStart];
  return kept;
}

function drawTickets() {
  const kept = drafts();
  const tickets = state.tickets.map((ticket) => {
    const area = node("textarea", { rows: 3, "data-ticket": ticket.id, placeholder: "Write as the agent…", "aria-label": `Answer ticket ${ticket.id}` });
    const send = (action) => () => { if (area.value.trim()) { act({ action, ticket: ticket.id, text: area.value }); area.value = ""; } };
    return node("article", { "data-ticket-card": ticket.id },
      node("h3", {}, `#${ticket.id} ${ticket.subject}`, node("span", { class: "tag" }, ticket.status)),
      ticket.comments.map((item) => entry(item)),
      ticket.status === "closed" ? null : area,
      ticket.status === "closed" ? null : node("div", { class: "row" },
        node("span", {}, node("button", { class: "main", onclick: send("reply") }, "Public reply"), " ", node("button", { onclick: send("note") }, "Internal note")),
        node("span", {}, node("button", { onclick: () => act({ action: "solve", ticket: ticket.id }) }, "Solve"))));
  });
  byId("tickets").replaceChildren(...(tickets.length ? tickets : [node("p", { class: "empty" }, "No tickets yet. They appear here by themselves.")]));
  for (const area of document.querySelectorAll("#tickets textarea")) {
    const before = kept[area.dataset.ticket];
    if (before) { area.value = before[0]; if (before[1]) { area.focus(); area.setSelectionRange(before[2], before[2]); } }
  }
}

function drawStory() {
  const lines = state.story.map((item) => node("div", { class: item.bad ? "event bad" : "event" },
    node("b", {}, item.what), item.why ? node("div", {}, item.why) : null, node("small", {}, [item.at, item.detail].filter(Boolean).join(" · "))));
  byId("story").replaceChildren(...(lines.length ? lines : [node("p", { class: "empty" }, "Waiting for the first event.")]));
}

function fill(select, options) {
  if (select.options.length === options.length) return;
  select.replaceChildren(...options.map((item) => node("option", { value: item.id }, item.label)));
}

async function follow() {
  for (;;) {
    try {
      const answer = await fetch(`/state?since=${state ? state.version : 0}`);
      if (answer.status === 200) {
        state = await answer.json();
        fill(byId("who"), state.people); fill(byId("where"), state.places);
        drawThreads(); drawTickets(); drawStory();
      }
      byId("status").textContent = `live · ${state.summary}`;
    } catch (error) {
      byId("status").textContent = "the sandbox does not answer; trying again";
      await new Promise((done) => setTimeout(done, 1000));
    }
  }
}

byId("write").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = byId("words");
  const answers = target && target.place === byId("where").value ? { thread: target.thread, message: target.message } : {};
  act({ action: "write", who: byId("who").value, place: byId("where").value, text: words.value, ...answers });
  words.value = ""; target = null; showTarget();
});
follow();
