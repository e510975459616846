import { icon } from '../components/icons.tsx';

// What only the consoles show: viewers' pages don't load it.
export const Copy = icon('M9 9h10.5v10.5H9zM5.5 15H4.5V4.5H15v1');
export const Bars = icon('M4 6.5h16M4 12h16M4 17.5h16');
export const ChevronDown = icon('M6.5 9.5l5.5 5.5 5.5-5.5');
export const Up = icon('M12 19V6M6.5 11.5L12 6l5.5 5.5');
export const Eye = icon('M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 14.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6z');
export const EyeOff = icon('M5.5 7.5C3.5 9.5 2.5 12 2.5 12s3.5 6.5 9.5 6.5c1.700 0 3.200-.5 4.5-1.200M9.5 5.800c.8-.2 1.600-.3 2.5-.3 6 0 9.5 6.5 9.5 6.5s-.8 1.5-2.300 3.100M4 4l16 16');
export const Info = icon('M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM12 11.5v4.5M12 8h.01');
export const Warning = icon('M12 4l9 15.5H3zM12 10v4.5M12 17h.01');
export const Stop = icon('M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM12 7.5v5.5M12 16h.01');
export const Code = icon('M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.5v2.5H14zM20 14v6h-6M17 17.5v2.5');
export const Bin = icon('M4.5 6.5h15M9 6.5V4h6v2.5M6.5 6.5l1 13.5h9l1-13.5M10 10.5v5.5M14 10.5v5.5');
export const Pen = icon('M4.5 19.5l1-4.5L16 4.5l3.5 3.5L9 18.5zM13.5 7l3.5 3.5');
export const Home = icon('M4 11.5L12 4.5l8 7M6 10v9.5h12V10M10 19.5v-5h4v5');
export const List = icon('M9 6.5h11M9 12h11M9 17.5h11M4.5 6.5h.5M4.5 12h.5M4.5 17.5h.5');
export const Grid = icon('M4.5 5h6.5v6H4.5zM13 5h6.5v6H13zM4.5 13h6.5v6H4.5zM13 13h6.5v6H13z');
export const Server = icon('M4.5 5h15v5.5h-15zM4.5 13.5h15V19h-15zM8 7.750h.01M8 16.250h.01M12 7.750h4M12 16.250h4');
export const Clock = icon('M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM12 7.5V12l3 2.5');
export const Key = icon('M8.500 16.500a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12.500 12.500H21v3.500M17 12.500v3');
export const Lines = icon('M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-5.700-5.700l-1.200 1.200M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 5.700 5.700l1.200-1.200');
export const Signed = icon('M4.500 5.500h15v13h-15zM8.500 12a1.800 1.800 0 1 0 0-3.600 1.800 1.800 0 0 0 0 3.600zM6.500 15.500c.3-1.300 1-1.800 2-1.800s1.700.5 2 1.800M13.500 9.500h3.500M13.500 13.500h3.500');
export const Sliders = icon('M4 7.500h9M18 7.500h2M4 16.500h2M11 16.500h9M15.500 10a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM8.500 19a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z');
export const Turn = icon('M4 8h12.500M13 4.500L16.500 8 13 11.500M20 16H7.500M11 12.500L7.500 16l3.500 3.500');
