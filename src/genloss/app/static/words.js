// Numbers as people read them.

export function number(value, digits = 4) {
  if (value === null || Number.isNaN(value)) return "unknown";
  if (!Number.isFinite(value)) return value > 0 ? "infinite" : "-infinite";
  if (value === 0) return "0";
  const size = Math.abs(Number(value.toPrecision(digits)));
  if (size >= 1e-3 && size < 1e6) {
    const whole = Math.floor(Math.log10(size)) + 1;
    const text = whole >= digits ? value.toFixed(0) : value.toPrecision(digits);
    return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  }
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  return `${mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa}e${Number(exponent)}`;
}

export const counted = (count) => count.toLocaleString("en");

// lists of JSON hold infinity as text
export const numbers = (list) => (list ?? []).map((value) => (value === null ? NaN : Number(value)));
