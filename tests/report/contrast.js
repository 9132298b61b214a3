// Text whose contrast with its ground is below arguments[0], each as the contrast and the element's beginning.
// Contrast as WCAG 2.1 defines it; colours that let through are laid over what is behind them.
const parse = text => (text.match(/[\d.]+/g) || []).map(Number);
const over = (top, below) => {
    const alpha = top.length > 3 ? top[3] : 1;
    return [0, 1, 2].map(i => alpha * top[i] + (1 - alpha) * below[i]);
};
const ground = element => {
    const own = parse(getComputedStyle(element).backgroundColor);
    return over(own, element.parentElement ? ground(element.parentElement) : [255, 255, 255]);
};
const luminance = colour => {
    const linear = part => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    const [red, green, blue] = colour.map(part => linear(part / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const contrast = element => {
    const under = ground(element), style = getComputedStyle(element);
    const ink = over(parse(element.closest("svg") ? style.fill : style.color), under);
    const [light, dark] = [luminance(ink), luminance(under)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
};
const hasText = element => [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
return [...document.querySelectorAll("body *")]
    .filter(element => hasText(element) && !element.matches(".none"))
    .map(element => [contrast(element), element.outerHTML.slice(0, 120)])
    .filter(([found]) => found < arguments[0]);
