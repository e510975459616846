// What every page of the design system loads, in this order.
import '../styles/tokens.css';
import '../styles/base.css';
import '../styles/design.css';
import '../styles/table.css';
import '../styles/frame.css';
