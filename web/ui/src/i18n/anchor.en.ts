// The words of the anchor's console.
export const en = {
  title: 'Anchor',
  signin_title: 'Sign in as the anchor',
  signin_text: 'Open the one-time link you were given, or sign in with your user name and UserSig.',
};
