// What no function can be faster than.
export async function handler() {}
