/**
 * Solves `matrix · x = right` for a symmetric matrix, row by row, by Cholesky's decomposition. A little is added to the
 * diagonal, so that a matrix which leaves some values open (two parts that were never told apart) shares them evenly.
 */
export function solvePositiveDefinite(matrix: Float64Array, right: Float64Array): Float64Array {
  const size = right.length;
  const lower = decompose(matrix, size);
  const x = Float64Array.from(right);
  for (let row = 0; row < size; row++) {
    for (let k = 0; k < row; k++) x[row] = at(x, row) - at(lower, row * size + k) * at(x, k);
    x[row] = at(x, row) / at(lower, row * size + row);
  }
  for (let row = size - 1; row >= 0; row--) {
    for (let k = row + 1; k < size; k++) x[row] = at(x, row) - at(lower, k * size + row) * at(x, k);
    x[row] = at(x, row) / at(lower, row * size + row);
  }
  return x;
}

const addedToDiagonal = 1e-10;

function decompose(matrix: Float64Array, size: number): Float64Array {
  const added = (addedToDiagonal * traceOf(matrix, size)) / size;
  const lower = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < row; column++) {
      const left = at(matrix, row * size + column) - product(lower, { size, row, column });
      lower[row * size + column] = left / at(lower, column * size + column);
    }
    const left = at(matrix, row * size + row) + added - product(lower, { size, row, column: row });
    lower[row * size + row] = Math.sqrt(Math.max(left, added));
  }
  return lower;
}

/** Of what is decomposed so far of two rows, up to the column. */
function product(lower: Float64Array, { size, row, column }: { size: number; row: number; column: number }): number {
  let sum = 0;
  for (let k = 0; k < column; k++) sum += at(lower, row * size + k) * at(lower, column * size + k);
  return sum;
}

function traceOf(matrix: Float64Array, size: number): number {
  let trace = 0;
  for (let i = 0; i < size; i++) trace += at(matrix, i * size + i);
  return trace;
}

function at(values: Float64Array, i: number): number {
  return values[i] ?? 0;
}
