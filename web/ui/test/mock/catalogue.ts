/** Gifts of every effect. */
export const CATALOGUE = [
  { id: 'rose', name: 'Rose', price: 100, icon: '/gifts/rose.svg', effect: 'float', combo: true },
  { id: 'clap', name: 'Applause', price: 0, icon: '/gifts/clap.svg', effect: 'none', combo: true },
  { id: 'tea', name: 'Cup of tea', price: 350, icon: '/gifts/tea.svg', effect: 'float', combo: true },
  { id: 'cake', name: 'Cake', price: 990, icon: '/gifts/cake.svg', effect: 'confetti', combo: true },
  { id: 'kiln', name: 'A load of kiln firing', price: 9900, icon: '', effect: 'confetti', combo: false },
  { id: 'rocket', name: 'Rocket', price: 99_900, icon: '/gifts/rocket.svg', effect: 'banner', combo: false },
];
