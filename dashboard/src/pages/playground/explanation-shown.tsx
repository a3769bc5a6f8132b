import { count, percent } from "../../format.ts";
import type { TryMutation } from "../../graphql/generated/graphql.ts";
import { ShadedText } from "./shaded-text.tsx";

type Explanation = NonNullable<TryMutation["infer"]["outputs"][number]["explanation"]>;

const methodNames: Record<Explanation["method"], string> = {
  OCCLUSION: "occlusion",
  INTEGRATED_GRADIENTS: "integrated gradients",
  SHAP: "SHAP",
  ATTENTION: "attention",
};

/** Which parts of the input carried the answer: over the picture, or in the text. */
export function ExplanationShown({ explanation, text }: { explanation: Explanation; text: string | undefined }) {
  const { method, target, heatMap, tokens, completeness, parts } = explanation;
  const isAttention = method === "ATTENTION";
  return (
    <section className="stack explanation" aria-label="Explanation">
      <h3>
        What carried “{target}” <span className="dim small">by {methodNames[method]}</span>
      </h3>
      {heatMap === null ? null : (
        <img
          className="heat-map"
          src={`data:image/png;base64,${heatMap}`}
          alt={`The picture, red where it spoke for ${target} and blue where it spoke against it`}
        />
      )}
      {tokens === null || text === undefined ? null : <ShadedText text={text} tokens={tokens} />}
      {heatMap === null && tokens === null ? (
        <p className="dim small">{count(parts)} numbers were told apart; their values are in the answer of the API.</p>
      ) : null}
      <p className="legend dim small">
        <i className="swatch speaks-for" />
        {isAttention ? "where it looked" : `for ${target}`}
        {isAttention ? null : (
          <>
            <i className="swatch speaks-against" />
            against it
          </>
        )}
      </p>
      {completeness === null ? null : (
        <p className="dim small">
          All parts add up to {percent(completeness.sum, 1)}, of {percent(completeness.expected, 1)} that was to be
          explained{isFarOff(completeness) ? ": parts stand in for each other, so read it with care" : ""}.
        </p>
      )}
    </section>
  );
}

function isFarOff({ sum, expected }: { sum: number; expected: number }): boolean {
  return Math.abs(sum - expected) > 0.1;
}
