/**
 * How a score is shared out among the parts of an input. A method asks for the scores of changed inputs, each said by how
 * far every part is present (0 is the baseline's part, 1 the input's own), and makes attributions of them.
 */
export interface AttributionMethod {
  /** How many presences it asks for, beside the input as it is. */
  evaluations: number;
  /** The first is that of nothing: the baseline. */
  presences: () => Iterable<Float64Array>;
  /**
   * What each part is worth.
   *
   * @param whole the score of the input as it is.
   * @param scores those of the presences, in their order.
   */
  attribute: (whole: number, scores: Float64Array) => Float64Array;
}
