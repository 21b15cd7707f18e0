using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Mirror.Functions.Hooks;

/// <summary>The header <c>Mirror-Signature</c>, by which a receiver knows that a request is Mirror's and how old it is: <c>t=UNIX_SECONDS,v1=HEX</c>.</summary>
internal static class Signature
{
    public const string Header = "Mirror-Signature";

    /// <summary>Signs a body: HMAC-SHA256 (RFC 2104) with the secret's bytes in UTF-8, of the time in decimal, a dot, and the body.</summary>
    public static string Of(string secret, DateTimeOffset now, ReadOnlySpan<byte> body)
    {
        string time = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using IncrementalHash hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hmac.AppendData(Encoding.UTF8.GetBytes(time + "."));
        hmac.AppendData(body);
        return $"t={time},v1={Convert.ToHexStringLower(hmac.GetHashAndReset())}";
    }
}
