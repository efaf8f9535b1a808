/** A regular expression for the whole numbers from 1 to another one, written without zeros before them. */
export function upTo(most: number): string {
  const digits = [...String(most)].map(Number);
  const shorter = digits.length > 1 ? [`[1-9]${anyDigits(digits.length - 2, 'or fewer')}`] : [];
  const below = digits.flatMap((digit, i) => {
    const least = i === 0 ? 1 : 0;
    const before = digits.slice(0, i).join('');
    return digit > least
      ? [`${before}[${least}-${digit - 1}]${anyDigits(digits.length - i - 1, 'exactly')}`]
      : [];
  });
  return [...shorter, ...below, String(most)].join('|');
}

function anyDigits(count: number, how: 'exactly' | 'or fewer'): string {
  if (count === 0) return '';
  return how === 'exactly' ? `[0-9]{${count}}` : `[0-9]{0,${count}}`;
}
