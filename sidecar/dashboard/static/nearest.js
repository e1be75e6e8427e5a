// Which model may stand in for one that is gone: the one whose name is most like it.

function pairs(text) {
  const plain = text.toLowerCase();
  return new Set(Array.from({ length: Math.max(plain.length - 1, 0) }, (_, index) => plain.slice(index, index + 2)));
}

// Sørensen–Dice coefficient of the pairs of letters.
function likeness(one, other) {
  const both = [...one].filter((pair) => other.has(pair)).length;
  return one.size + other.size ? (2 * both) / (one.size + other.size) : 0;
}

// {provider, model} or null. Between equals, the rule's own provider comes first.
export function nearest(models, rule) {
  const sought = pairs(rule.model);
  const scored = models
    .filter((each) => !each.gone)
    .map((each) => ({ provider: each.provider, model: each.name, score: likeness(sought, pairs(each.name)) + (each.provider === rule.provider ? 0.05 : 0) }))
    .sort((one, other) => other.score - one.score);
  return scored[0] ? { provider: scored[0].provider, model: scored[0].model } : null;
}
