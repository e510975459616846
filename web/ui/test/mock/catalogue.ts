/** Gifts of every effect. */
export const CATALOGUE = [
  { id: 'rose', name: 'Rose', price: 100, icon: '🌹', effect: 'float', combo: true },
  { id: 'clap', name: 'Applause', price: 0, icon: '👏', effect: 'none', combo: true },
  { id: 'tea', name: 'Cup of tea', price: 350, icon: '🍵', effect: 'float', combo: true },
  { id: 'cake', name: 'Cake', price: 990, icon: '🎂', effect: 'confetti', combo: true },
  { id: 'kiln', name: 'A load of kiln firing', price: 9900, icon: '', effect: 'confetti', combo: false },
  { id: 'rocket', name: 'Rocket', price: 99_900, icon: '🚀', effect: 'banner', combo: false },
];
