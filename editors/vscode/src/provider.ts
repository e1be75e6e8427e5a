// Adding a provider, step by step. An error is shown at the step that it is about, to be mended there.
import { Disposable, QuickInputButtons, QuickPickItem, QuickInput, window } from "vscode";
import { ResponseError } from "vscode-languageclient/node";
import { busy } from "./lists";
import { Provider, ProviderType } from "./protocol";
import { said, Sidecar } from "./sidecar";

const TITLE = "Add a provider";
const BACK = Symbol("back");
/** Which step an error is about: by the parameter, else by its code. Else it is the endpoint. */
const BY_FIELD: Record<string, string> = { name: "name", endpoint: "endpoint", apiKey: "key", apiKeyEnv: "variable" };
const BY_CODE: Record<number, string> = { 1002: "name", 1005: "key", 1006: "key" };

interface Draft {
  kind?: ProviderType;
  name?: string;
  endpoint?: string;
  key?: string;
  variable?: string;
}

/** A step that is passed over where it does not apply. It resolves to undefined where the user leaves. */
interface Step {
  name: keyof Draft;
  applies(draft: Draft): boolean;
  ask(draft: Draft, place: Place): Promise<unknown>;
}

interface Place {
  step: number;
  totalSteps: number;
  error: string | undefined;
}

export async function add(sidecar: Sidecar): Promise<Provider | undefined> {
  const [types, providers] = await Promise.all([
    sidecar.request<ProviderType[]>("mux/provider/types"),
    sidecar.request<Provider[]>("mux/provider/list"),
  ]);
  const steps = stepsOf(
    types,
    providers.map((each) => each.name.toLowerCase()),
  );
  let draft: Draft = {};
  let at = 0;
  let error: string | undefined;
  for (;;) {
    const applicable = steps.filter((step) => step.applies(draft));
    const step = applicable[at];
    if (!step) {
      try {
        return await send(sidecar, draft);
      } catch (failure) {
        error = said(failure);
        at = applicable.findIndex((each) => each.name === placeOf(failure));
        at = at < 0 ? applicable.length - 1 : at;
        continue;
      }
    }
    const answer = await step.ask(draft, { step: at + 1, totalSteps: applicable.length, error });
    error = undefined;
    if (answer === undefined) {
      return undefined;
    }
    if (answer === BACK) {
      at--;
    } else {
      const isOther = step.name === "kind" && answer !== draft.kind;
      draft = { ...(isOther ? {} : draft), [step.name]: answer }; // what was said of another type is not meant for this
      at++;
    }
  }
}

function send(sidecar: Sidecar, draft: Draft): Promise<Provider> {
  const { kind, name, endpoint, key, variable } = draft;
  const access = key ? { apiKey: key } : variable ? { apiKeyEnv: variable } : { auth: "none" };
  const wanted = { name, type: kind?.type, ...(endpoint ? { endpoint } : {}), ...(needsKey(draft) ? access : {}) };
  return busy(`Fetching the models of ${name}…`, (token) => sidecar.request("mux/provider/add", wanted, token));
}

function placeOf(failure: unknown): string {
  const { code, data } = failure instanceof ResponseError ? failure : { code: 0, data: undefined };
  return BY_FIELD[(data as { field?: string } | undefined)?.field ?? ""] ?? BY_CODE[code] ?? "endpoint";
}

function needsKey(draft: Draft): boolean {
  return draft.kind?.auth === "api_key";
}

function stepsOf(types: ProviderType[], taken: string[]): Step[] {
  return [
    { name: "kind", applies: () => true, ask: (_, place) => pick(types, place) },
    {
      name: "name",
      applies: () => true,
      ask: (draft, place) =>
        type(place, "Name", draft.name ?? draft.kind?.freeName ?? draft.kind?.type ?? "", (text) =>
          taken.includes(text.toLowerCase()) ? `There is a provider ${text} already.` : undefined,
        ),
    },
    {
      name: "endpoint",
      applies: (draft) => Boolean(draft.kind?.defaultEndpoint),
      ask: (draft, place) =>
        type(place, "Endpoint", draft.endpoint ?? draft.kind?.defaultEndpoint ?? "", (text) =>
          /^https?:\/\/./.test(text) ? undefined : "An endpoint is a URL that begins with http:// or https://.",
        ),
    },
    {
      name: "key",
      applies: needsKey,
      ask: (draft, place) =>
        type(
          place,
          "API key. Leave it empty if it is in an environment variable, or none is needed",
          draft.key ?? "",
          undefined,
          true,
        ),
    },
    {
      name: "variable",
      applies: (draft) => needsKey(draft) && draft.key === "",
      ask: (draft, place) =>
        type(place, "Environment variable that holds the key. Leave it empty if none is needed", draft.variable ?? ""),
    },
  ];
}

function pick(types: ProviderType[], place: Place): Promise<ProviderType | undefined> {
  const box = window.createQuickPick<QuickPickItem & { value: ProviderType }>();
  box.items = types.map((each) => ({ label: each.label, description: each.defaultEndpoint, value: each }));
  box.placeholder = "Type of provider";
  return asked<ProviderType>(box, place, (done) => box.onDidAccept(() => done(box.selectedItems[0]?.value)));
}

function type(
  place: Place,
  prompt: string,
  value: string,
  wrong: (text: string) => string | undefined = () => undefined,
  password = false,
): Promise<string | typeof BACK | undefined> {
  const box = window.createInputBox();
  Object.assign(box, { prompt, value, password, validationMessage: place.error });
  box.onDidChangeValue((text) => (box.validationMessage = wrong(text.trim())));
  return asked<string | typeof BACK>(box, place, (done) =>
    Disposable.from(
      box.onDidAccept(() => {
        const text = box.value.trim();
        box.validationMessage = wrong(text);
        return box.validationMessage ? undefined : done(text);
      }),
      box.onDidTriggerButton(() => done(BACK)),
    ),
  );
}

/** What `listen` is told; undefined once the box is closed without an answer. */
async function asked<T>(
  box: QuickInput,
  place: Place,
  listen: (done: (answer: T | undefined) => void) => Disposable,
): Promise<T | undefined> {
  Object.assign(box, { title: TITLE, step: place.step, totalSteps: place.totalSteps, ignoreFocusOut: true });
  if (place.step > 1) {
    Object.assign(box, { buttons: [QuickInputButtons.Back] });
  }
  const answer = await new Promise<T | undefined>((done) => {
    listen(done);
    box.onDidHide(() => done(undefined));
    box.show();
  });
  box.dispose();
  return answer;
}
