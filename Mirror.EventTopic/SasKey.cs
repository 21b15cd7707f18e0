using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Mirror.EventTopic;

/// <summary>What a publisher must know: the access key (<c>aeg-sas-key</c>), or a token signed with it (<c>aeg-sas-token</c>: <c>r=RESOURCE&amp;e=EXPIRY&amp;s=SIGNATURE</c>, each URL-encoded).</summary>
internal sealed class SasKey(string key, TimeProvider time)
{
    private readonly byte[] _key = key.Length > 0 ? Encoding.UTF8.GetBytes(key) : RandomNumberGenerator.GetBytes(32);

    /// <summary>Whether the headers of a request prove it.</summary>
    public bool Admits(string? sasKey, string? sasToken)
    {
        if (sasKey is { Length: > 0 }) { return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(sasKey), _key); }
        return sasToken is { Length: > 0 and < 4096 } && AdmitsToken(sasToken);
    }

    private bool AdmitsToken(string token)
    {
        int signatureAt = token.LastIndexOf("&s=", StringComparison.Ordinal);
        int expiryAt = token.IndexOf("&e=", StringComparison.Ordinal);
        if (!token.StartsWith("r=", StringComparison.Ordinal) || expiryAt < 0 || signatureAt < expiryAt) { return false; }
        string expiry = Uri.UnescapeDataString(token[(expiryAt + 3)..signatureAt].Replace('+', ' '));
        if (!DateTimeOffset.TryParse(expiry, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset end) || end < time.GetUtcNow()) { return false; }
        Span<byte> given = stackalloc byte[HMACSHA256.HashSizeInBytes];
        if (!Convert.TryFromBase64String(Uri.UnescapeDataString(token[(signatureAt + 3)..]), given, out int length) || length != given.Length) { return false; }
        byte[] expected = HMACSHA256.HashData(SigningKey(), Encoding.UTF8.GetBytes(token[..signatureAt]));
        return CryptographicOperations.FixedTimeEquals(given, expected);
    }

    // Keys of Event Grid are base64, and tokens are signed with what that stands for.
    private byte[] SigningKey()
    {
        byte[] decoded = new byte[_key.Length];
        return Convert.TryFromBase64String(Encoding.UTF8.GetString(_key), decoded, out int length) ? decoded[..length] : _key;
    }
}
