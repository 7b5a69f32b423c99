"""Parameters of a get method into one SQL statement that returns finished JSON text: pure functions over tables."""
