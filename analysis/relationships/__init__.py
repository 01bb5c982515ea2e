"""From dated evidence to signals, rung, health, risk. Pure: values in, values out."""
