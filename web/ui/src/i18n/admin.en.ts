// The words of the administrators' console.
export const en = {
  title: 'Administration',
  signin_title: 'Sign in as an administrator',
  signin_text: 'Open the link that the server printed when it started, or sign in with the API token.',
};
