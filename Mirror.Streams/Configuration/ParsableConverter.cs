using System.ComponentModel;
using System.Globalization;

namespace Mirror.Streams.Configuration;

/// <summary>Lets <see cref="System.ComponentModel.DataAnnotations.RangeAttribute"/> state its bounds in the words of configuration.</summary>
internal sealed class ParsableConverter<T> : TypeConverter where T : IParsable<T>
{
    public override bool CanConvertFrom(ITypeDescriptorContext? context, Type sourceType)
        => sourceType == typeof(string) || base.CanConvertFrom(context, sourceType);

    public override object? ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value)
        => value is string text ? T.Parse(text, culture) : base.ConvertFrom(context, culture, value);
}
