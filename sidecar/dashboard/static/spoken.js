// What was said, read from the bodies of a request and its answer: Chat Completions, Completions, Messages, Responses.

const DEEPEST = 50;

// [{role, text}] of a request's body; empty where it cannot be read, as one that was cut off.
export function asked(body) {
  const read = parsed(body);
  if (!read) return [];
  const { system, instructions, messages, input, prompt } = read;
  const items = [messages, input].find(Array.isArray) ?? [];
  const single = [prompt, input].find((each) => typeof each === "string");
  return [turn("system", system ?? instructions), ...items.map(ofItem), turn("user", single)].filter(Boolean);
}

// [{role, text}] of an answer's body, whole or streamed.
export function answered(body) {
  const whole = parsed(body);
  const text = whole ? ofAnswer(whole) : streamed(body);
  return [turn("assistant", text)].filter(Boolean);
}

function parsed(text) {
  try {
    const read = JSON.parse(text);
    return read && typeof read === "object" ? read : null;
  } catch {
    return null;
  }
}

function turn(role, content) {
  const text = plain(content).trim();
  return text ? { role, text } : null;
}

const ofItem = (item) => turn(String(item?.role ?? item?.type ?? "unknown"), [item?.content ?? item?.output ?? item?.arguments, ...[item?.tool_calls ?? []].flat()]);

// Text of whatever content is made of; what is no text is told by its kind, and what is too deep by nothing.
function plain(content, depth = 0) {
  if (typeof content === "string") return content;
  if (depth > DEEPEST) return "";
  if (Array.isArray(content)) return content.map((each) => plain(each, depth + 1)).filter(Boolean).join("\n");
  if (!content || typeof content !== "object") return "";
  const call = content.function ?? content;
  if (typeof call.name === "string") return `${call.name}(${typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.input ?? {})})`;
  const within = content.text ?? content.thinking ?? content.content ?? content.output;
  return within === undefined ? `[${content.type ?? "something else"}]` : plain(within, depth + 1);
}

function ofAnswer({ choices, content, output, error }) {
  const message = choices?.[0]?.message;
  if (message) return [message.content, ...[message.tool_calls ?? []].flat()];
  return choices?.[0]?.text ?? content ?? output ?? error?.message;
}

function streamed(body) {
  const events = body.split("\n").filter((line) => line.startsWith("data:")).map((line) => parsed(line.slice(5)));
  return events.map((event) => piece(event ?? {})).join("");
}

function piece({ choices, type, delta, error }) {
  if (choices) return choices[0]?.delta?.content ?? choices[0]?.text ?? "";
  if (type === "content_block_delta") return delta?.text ?? "";
  if (type === "response.output_text.delta") return typeof delta === "string" ? delta : "";
  return error?.message ?? "";
}
