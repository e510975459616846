// What every page of the design system loads, in this order.
import '../styles/tokens.css';
import '../styles/base.css';
import '../styles/button.css';
import '../styles/field.css';
import '../styles/choice.css';
import '../styles/over.css';
import '../styles/words.css';
import '../styles/table.css';
import '../styles/frame.css';
