/** A row of small bars: how many in each hour. */
export function Spark({ values, label }: { values: number[]; label: string }) {
  const most = Math.max(1, ...values);
  const step = 120 / Math.max(1, values.length);
  return (
    <svg className="spark" viewBox="0 0 120 22" role="img" aria-label={label}>
      <title>{label}</title>
      {values.map((value, index) => {
        const height = value === 0 ? 1 : 2 + (value / most) * 19;
        return <rect key={index} className={value === 0 ? "zero" : undefined} x={index * step} y={22 - height} width={step - 1.4} height={height} />;
      })}
    </svg>
  );
}
