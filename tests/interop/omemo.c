/* omemo.c - usage: omemo BASE64: libomemo-c's public key (with its type byte) of a private one. */
#include <omemo/curve.h>
#include <omemo/signal_protocol.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define FORM sodium_base64_VARIANT_ORIGINAL

int
main(int argc, char **argv)
{
	unsigned char key[32];
	signal_context *context;
	ec_private_key *private;
	ec_public_key *public;
	signal_buffer *bytes;
	char text[64];
	size_t n;

	if (argc != 2 ||
	    sodium_base642bin(key, 32, argv[1], strlen(argv[1]), NULL, &n, NULL, FORM) || n != 32 ||
	    signal_context_create(&context, NULL) ||
	    curve_decode_private_point(&private, key, 32, context) ||
	    curve_generate_public_key(&public, private) || ec_public_key_serialize(&bytes, public))
		return 1;
	sodium_bin2base64(
	    text, sizeof text, signal_buffer_data(bytes), signal_buffer_len(bytes), FORM);
	puts(text);
	signal_buffer_free(bytes);
	SIGNAL_UNREF(private);
	SIGNAL_UNREF(public);
	signal_context_destroy(context);
	return 0;
}
