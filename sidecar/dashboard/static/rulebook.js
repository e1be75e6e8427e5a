// The rules of one workspace as they are shown: a rule keeps its key while rules are moved, changed, added and
// removed, here or elsewhere, so that what is typed beside it stays with it.

import { useRef } from "./view.js";
import { useFresh } from "./fresh.js";

const METHODS = { add: "mux/rule/add", update: "mux/rule/update", move: "mux/rule/move", remove: "mux/rule/remove" };
const NOT_FOUND = 1001;
const isSame = (one, other) => ["filter", "kind", "provider", "model"].every((field) => one[field] === other[field]);
let last = 0;

// The rules with the keys of those that they were before: of the same ones first, then of what stood in their place.
export function keyed(before, rules) {
  const left = new Set(before);
  const take = (found) => found && left.delete(found) && found.key;
  const keys = rules.map((rule) => take([...left].find((old) => isSame(old, rule))));
  return rules.map((rule, index) => ({
    ...rule,
    key: keys[index] ?? take([...left].find((old) => old.position === rule.position)) ?? ++last,
  }));
}

// An error that is about the model of a rule.
const ofModel = (error) => Object.assign(error, { data: { ...error.data, field: "model" } });

async function read(rpc, workspace) {
  // An explanation of nothing tells what each filter also takes.
  const [rules, told] = await Promise.all([rpc.call("mux/rule/list", { workspace }), rpc.call("mux/route/explain", { workspace })]);
  return { rules, surprises: new Map(told.considered.map((each) => [each.filter, each.alsoTakes ?? []])) };
}

// {rules, surprises, error, change}. `change(action, params, key)` is `add`, `update`, `move` or `remove`, one after the
// other; the rule of that key is looked for where it stands by now, and `params` may be a function of it.
// An error whose `data.field` is "model" says that there is no such model.
export function useRulebook(rpc, workspace) {
  const { value, error, set } = useFresh(rpc, () => read(rpc, workspace), ["rules", "models", "providers", "workspaces"], [workspace]);
  const seen = useRef({ listed: null, rules: [] });
  const queue = useRef(Promise.resolve());
  const known = useRef(null);
  known.current = value;

  const take = (listed) => {
    seen.current = { listed, rules: keyed(seen.current.rules, listed) };
    return seen.current.rules;
  };
  const act = async (action, params, key) => {
    let given = params;
    if (key !== undefined) {
      const rule = take(await rpc.call("mux/rule/list", { workspace })).find((each) => each.key === key);
      if (!rule) throw new Error("This rule is not there any more; it was removed elsewhere.");
      given = { position: rule.position, ...(typeof params === "function" ? params(rule) : params) };
    }
    if (given.model && !given.provider) throw ofModel(new Error(`There is no model ${given.model}.`));
    const listed = await rpc.call(METHODS[action], { workspace, ...given }).catch((error) => {
      throw given.model && error.code === NOT_FOUND ? ofModel(error) : error;
    });
    take(listed);
    set({ surprises: new Map(), ...known.current, rules: listed });
  };
  const change = (action, params, key) => {
    const done = queue.current.then(() => act(action, params, key));
    queue.current = done.catch(() => {});
    return done;
  };

  if (value && value.rules !== seen.current.listed) take(value.rules);
  return { rules: value && seen.current.rules, surprises: value?.surprises, error, change };
}
