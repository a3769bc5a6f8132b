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
  let trace = 0;
  for (let i = 0; i < size; i++) trace += at(matrix, i * size + i);
  const added = (addedToDiagonal * trace) / size;
  const lower = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let value = at(matrix, row * size + column) + (row === column ? added : 0);
      for (let k = 0; k < column; k++) value -= at(lower, row * size + k) * at(lower, column * size + k);
      lower[row * size + column] =
        row === column ? Math.sqrt(Math.max(value, added)) : value / at(lower, column * size + column);
    }
  }
  return lower;
}

function at(values: Float64Array, i: number): number {
  return values[i] ?? 0;
}
